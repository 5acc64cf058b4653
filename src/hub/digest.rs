//! Checksums of files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use md5::{Digest, Md5};

use crate::EnvironmentError;

/// The md5 of a file in lower-case hexadecimal digits.
pub(super) fn md5(path: &Path) -> Result<String, EnvironmentError> {
    let mut file = File::open(path).map_err(EnvironmentError::io(path))?;
    let mut hasher = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = file.read(&mut buffer).map_err(EnvironmentError::io(path))?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    let digits = |byte: &u8| {
        [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
    };
    Ok(hasher.finalize().iter().flat_map(digits).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_rfc_1321() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, b"message digest").unwrap();
        assert_eq!(md5(&path).unwrap(), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}

//! The bytes of a checkpoint: a memory-mapped file or a buffer, shared and immutable.

use std::fs::File;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use crate::Error;

/// Bytes around a page that Linux maps along with it where it has them in memory.
#[cfg(unix)]
const AROUND: usize = 64 << 10;

/// A shared, immutable run of bytes. Clones are cheap and keep the bytes alive.
#[derive(Clone)]
pub(crate) struct Source(Arc<Backing>);

enum Backing {
    Map(memmap2::Mmap),
    Owned(Vec<u8>),
}

impl Source {
    /// Maps a file. The file must not be cut short while it is mapped: reading past its new end
    /// would end the process, as with every memory map.
    pub(crate) fn map(path: &Path) -> Result<Self, Error> {
        let io = |cause| Error::Io { path: path.to_owned(), cause };
        let file = File::open(path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        if metadata.is_dir() {
            return Err(Error::NotACheckpoint {
                file: path.display().to_string(),
                found: "a folder".into(),
                hint: "give the checkpoint file inside it".into(),
            });
        }
        if metadata.len() == 0 {
            return Ok(Source::owned(Vec::new()));
        }
        // SAFETY: the map is private to this value and only ever read; the one hazard left is
        // another process truncating the file, which the documentation names.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(io)?;
        Ok(Source(Arc::new(Backing::Map(map))))
    }

    pub(crate) fn owned(bytes: Vec<u8>) -> Self {
        Source(Arc::new(Backing::Owned(bytes)))
    }

    /// Lets the system take back the memory behind `bytes` of a mapped file, and what it may have mapped around them. Whoever
    /// reads that again gets it from the file again.
    pub(crate) fn release(&self, bytes: &[u8]) {
        #[cfg(unix)]
        if let Backing::Map(map) = &*self.0
            && let Some(at) = (bytes.as_ptr() as usize).checked_sub(map.as_ptr() as usize)
            && at + bytes.len() <= map.len()
        {
            let (start, end) = (at.saturating_sub(AROUND), at + bytes.len() + AROUND);
            let len = end.min(map.len()) - start;
            // SAFETY: the range is the map's, which is of a file and never written: its pages hold what the file holds.
            let released = unsafe {
                map.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, start, len)
            };
            // It is a hint: where the system does not take it, nothing is lost.
            drop(released);
        }
        #[cfg(not(unix))]
        let _ = bytes;
    }
}

impl Deref for Source {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &*self.0 {
            Backing::Map(map) => map,
            Backing::Owned(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Source {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_released_can_be_read_again() {
        let bytes: Vec<u8> = (0..40_000).map(|i: u32| i as u8).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bytes");
        std::fs::write(&path, &bytes).unwrap();
        for source in [Source::map(&path).unwrap(), Source::owned(bytes.clone())] {
            assert_eq!(source[..], bytes[..]);
            source.release(&source[5000..30_000]);
            source.release(&source[40_000..]);
            source.release(&bytes);
            assert_eq!(source[..], bytes[..]);
        }
    }
}

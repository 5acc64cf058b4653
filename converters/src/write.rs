//! Writing safetensors: same element types, same bytes.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value as Json, json};

use crate::{Error, Tensor};

/// Writes tensors under their own names, bit for bit, in the order given, with `metadata` as the
/// file's `__metadata__`.
///
/// The file appears whole or not at all: it is written beside `path` and renamed. Element types
/// that safetensors lacks (`complex128`, quantized) are [`Error::Unsupported`].
pub fn write_safetensors<'a>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = &'a Tensor>,
    metadata: &BTreeMap<String, String>,
) -> Result<(), Error> {
    let path = path.as_ref();
    let tensors: Vec<&Tensor> = tensors.into_iter().collect();
    let header = header(path, &tensors, metadata)?;
    let part = Part::create(path)?;
    let io = |cause| Error::Io { path: part.path.clone(), cause };
    let mut out = BufWriter::new(&part.file);
    out.write_all(&(header.len() as u64).to_le_bytes()).map_err(io)?;
    out.write_all(&header).map_err(io)?;
    for tensor in tensors {
        out.write_all(&tensor.bytes()?).map_err(io)?;
    }
    out.flush().map_err(io)?;
    drop(out);
    part.publish(path)
}

/// The JSON header, padded with spaces so that the data starts at a multiple of 8 bytes.
fn header(
    path: &Path,
    tensors: &[&Tensor],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, Error> {
    const METADATA: &str = "__metadata__";
    let file = || path.display().to_string();
    let mut seen = HashSet::from([METADATA]);
    let mut entries = Map::new();
    if !metadata.is_empty() {
        entries.insert(METADATA.into(), json!(metadata));
    }
    let mut start = 0;
    for tensor in tensors {
        let name = tensor.name();
        if !seen.insert(name) {
            let what = "its name is taken".to_owned();
            return Err(Error::BadTensor { file: file(), name: name.into(), what });
        }
        let Some(dtype) = tensor.dtype().safetensors_name() else {
            let what = format!("{} of tensor `{name}` in safetensors", tensor.dtype());
            let hint = "convert the tensor first".to_owned();
            return Err(Error::Unsupported { file: file(), what, hint });
        };
        let end = start + tensor.byte_len();
        let entry = json!({"dtype": dtype, "shape": tensor.shape(), "data_offsets": [start, end]});
        entries.insert(name.into(), entry);
        start = end;
    }
    let mut header = Json::Object(entries).to_string().into_bytes();
    header.resize(header.len().next_multiple_of(size_of::<u64>()), b' ');
    Ok(header)
}

/// A file under a passing name, removed unless it is published.
struct Part {
    path: PathBuf,
    file: File,
    published: bool,
}

impl Part {
    fn create(target: &Path) -> Result<Self, Error> {
        static WRITTEN: AtomicUsize = AtomicUsize::new(0);
        let turn = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}-{turn}.part", std::process::id()));
        let path = target.with_file_name(name);
        match File::create(&path) {
            Ok(file) => Ok(Part { path, file, published: false }),
            Err(cause) => Err(Error::Io { path, cause }),
        }
    }

    fn publish(mut self, target: &Path) -> Result<(), Error> {
        let result = self.file.sync_all().and_then(|()| fs::rename(&self.path, target));
        self.published = result.is_ok();
        result.map_err(|cause| Error::Io { path: target.to_owned(), cause })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::write_safetensors;
    use crate::{DType, Error, StateDict};

    fn weights(name: &str, dtype: DType) -> StateDict {
        let tensor = (name.to_owned(), dtype, vec![1], vec![0; dtype.size()]);
        StateDict::from_tensors([tensor]).unwrap()
    }

    #[test]
    fn what_cannot_be_written_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.safetensors");
        let none = BTreeMap::new();
        let (complex, float) = (weights("a", DType::C128), weights("a", DType::F32));
        let twice = float.tensors().chain(float.tensors());
        let error = write_safetensors(&path, complex.tensors(), &none).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        let error = write_safetensors(&path, twice, &none).unwrap_err();
        assert!(matches!(error, Error::BadTensor { .. }), "{error}");
        let reserved = weights("__metadata__", DType::F32);
        let error = write_safetensors(&path, reserved.tensors(), &none).unwrap_err();
        assert!(matches!(error, Error::BadTensor { .. }), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_absent_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent").join("out.safetensors");
        let weights = weights("a", DType::F32);
        let error = write_safetensors(&path, weights.tensors(), &BTreeMap::new()).unwrap_err();
        assert!(
            matches!(error, Error::Io { .. }) && error.to_string().contains("absent"),
            "{error}"
        );
    }

    #[test]
    fn data_starts_at_a_multiple_of_eight() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.safetensors");
        for name in ["a", "ab", "abc", "abcdefgh"] {
            let weights = weights(name, DType::F64);
            write_safetensors(&path, weights.tensors(), &BTreeMap::new()).unwrap();
            assert_eq!(std::fs::metadata(&path).unwrap().len() % 8, 0);
            assert!(StateDict::open(&path).unwrap().contains(name));
        }
    }
}

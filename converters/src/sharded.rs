//! Checkpoints in several files: an index says which tensor is in which, as the Hugging Face hub has large models.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path};

use serde_json::{Map, Value};

use crate::{Error, StateDict};

/// How the names of indices end.
const ENDING: &str = ".index.json";
/// The largest index; a name and a file take some hundred bytes.
const MAX_INDEX: u64 = 64 << 20;
/// The most files; the largest models have some hundred.
const MAX_FILES: usize = 4096;

/// Whether a file is called like an index.
pub(crate) fn is_index(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(ENDING))
}

/// Opens the files that an index names; each tensor comes from the file that the index says.
pub(crate) fn open(path: &Path) -> Result<StateDict, Error> {
    let file = path.display().to_string();
    let corrupt = |place: &str, what: String| Error::Corrupt {
        file: file.clone(),
        place: place.to_owned(),
        what,
    };
    let map = weight_map(path)?;
    let mut shards: BTreeMap<&str, StateDict> = BTreeMap::new();
    let mut parts = Vec::with_capacity(map.len());
    for (name, shard) in &map {
        let plain = |shard: &str| {
            let mut parts = Path::new(shard).components();
            matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
        };
        let shard = shard.as_str().filter(|shard| plain(shard)).ok_or_else(|| {
            corrupt(name, format!("{shard} is not the name of a file beside the index"))
        })?;
        if !shards.contains_key(shard) {
            if shards.len() == MAX_FILES {
                let what = "the number of files".to_owned();
                return Err(Error::Limit { file, what, limit: MAX_FILES as u64 });
            }
            let beside = path.with_file_name(shard);
            if is_index(&beside) {
                return Err(corrupt(name, format!("it is in another index, {shard}")));
            }
            shards.insert(shard, StateDict::open(beside)?);
        }
        parts.push((name, shard));
    }
    let found = parts.into_iter().map(|(name, shard)| shards[shard].tensor(name));
    StateDict::of_tensors(&file, shards.values().next(), found)
}

/// The names of tensors and of their files.
fn weight_map(path: &Path) -> Result<Map<String, Value>, Error> {
    let io = |cause| Error::Io { path: path.to_owned(), cause };
    let mut text = Vec::new();
    let file = std::fs::File::open(path).map_err(io)?;
    file.take(MAX_INDEX + 1).read_to_end(&mut text).map_err(io)?;
    let file = path.display().to_string();
    if text.len() as u64 > MAX_INDEX {
        return Err(Error::Limit { file, what: "bytes of the index".into(), limit: MAX_INDEX });
    }
    let place = "weight_map".to_owned();
    let parsed: Result<Value, _> = serde_json::from_slice(&text);
    match parsed.map(|mut index| index.get_mut("weight_map").map(Value::take)) {
        Ok(Some(Value::Object(map))) if !map.is_empty() => Ok(map),
        Ok(_) => Err(Error::Corrupt { file, place, what: "it names no tensors".into() }),
        Err(error) => Err(Error::Corrupt { file, place, what: error.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, write_safetensors};

    fn shard(folder: &Path, file: &str, names: &[&str]) {
        let tensor = |name: &&str| ((*name).to_owned(), DType::F32, vec![1], vec![0; 4]);
        let weights = StateDict::from_tensors(names.iter().map(tensor)).unwrap();
        write_safetensors(folder.join(file), weights.tensors(), &BTreeMap::new()).unwrap();
    }

    fn index(folder: &Path, text: &str) -> Result<StateDict, Error> {
        let path = folder.join("model.safetensors.index.json");
        std::fs::write(&path, text).unwrap();
        StateDict::open(path)
    }

    #[test]
    fn tensors_come_from_the_files_that_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        shard(folder, "a.safetensors", &["x", "y"]);
        shard(folder, "b.safetensors", &["z", "y"]);
        let map =
            r#"{"weight_map": {"y": "b.safetensors", "x": "a.safetensors", "z": "b.safetensors"}}"#;
        let weights = index(folder, map).unwrap();
        assert_eq!(weights.names().collect::<Vec<_>>(), ["y", "x", "z"]);
        assert!(weights.file().ends_with("model.safetensors.index.json"));
    }

    #[test]
    fn hostile_indices_are_refused() {
        let outer = tempfile::tempdir().unwrap();
        shard(outer.path(), "a.safetensors", &["x"]);
        let folder = outer.path().join("model");
        std::fs::create_dir(&folder).unwrap();
        shard(&folder, "b.safetensors", &["x"]);
        let rows = [
            ("{", "weight_map"),
            ("[]", "names no tensors"),
            (r#"{"weight_map": {}}"#, "names no tensors"),
            (r#"{"weight_map": {"x": "../a.safetensors"}}"#, "beside the index"),
            (r#"{"weight_map": {"x": "/etc/passwd"}}"#, "beside the index"),
            (r#"{"weight_map": {"x": ""}}"#, "beside the index"),
            (r#"{"weight_map": {"x": 1}}"#, "beside the index"),
            (r#"{"weight_map": {"x": "model.safetensors.index.json"}}"#, "another index"),
            (r#"{"weight_map": {"y": "b.safetensors"}}"#, "no tensor `y`"),
            (r#"{"weight_map": {"x": "c.safetensors"}}"#, "c.safetensors"),
        ];
        for (text, part) in rows {
            let error = index(&folder, text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

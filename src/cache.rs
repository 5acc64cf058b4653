//! Where downloaded checkpoints lie.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Address, EnvironmentError};

/// The folder that keeps downloaded checkpoints, one place per address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// What is written beside a downloaded file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Where it came from.
    pub(crate) url: String,
    /// The server's name for this version of it.
    pub(crate) etag: Option<String>,
    /// Its checksum, once that has been compared.
    pub(crate) md5: Option<String>,
}

impl Cache {
    /// A cache in the folder `root`, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Cache {
        Cache { root: root.into() }
    }

    /// The folder of this machine's user: `OCELLI_CACHE`, else `ocelli` in `INFERENCE_HOME`, in `XDG_CACHE_HOME`, or in
    /// the system's usual place.
    ///
    /// # Errors
    /// None of them is set, nor is a home folder.
    pub fn from_env() -> Result<Cache, EnvironmentError> {
        Self::from_variables(|name| std::env::var_os(name).map(PathBuf::from))
    }

    fn from_variables(
        variable: impl Fn(&str) -> Option<PathBuf>,
    ) -> Result<Cache, EnvironmentError> {
        let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
        let home = |below: &str| set("HOME").map(|home| home.join(below));
        let usual = || match std::env::consts::OS {
            "macos" => home("Library/Caches"),
            "windows" => set("LOCALAPPDATA"),
            _ => home(".cache"),
        };
        if let Some(root) = set("OCELLI_CACHE") {
            return Ok(Cache::at(root));
        }
        let parent = set("INFERENCE_HOME")
            .or_else(|| set("XDG_CACHE_HOME").filter(|path| path.is_absolute()))
            .or_else(usual)
            .ok_or(EnvironmentError::NoCacheFolder)?;
        Ok(Cache::at(parent.join("ocelli")))
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the file of `address` lies once it is here.
    pub fn path_of(&self, address: &Address) -> PathBuf {
        self.root.join("checkpoints").join(address.cache_path())
    }

    /// The file of `address`, if it is here. Files get their final name only when they are complete and checked.
    pub fn find(&self, address: &Address) -> Option<PathBuf> {
        let path = self.path_of(address);
        let ours = Record::read(&path).is_none_or(|record| record.url == address.to_string());
        (path.is_file() && ours).then_some(path)
    }
}

impl Record {
    /// The record of the file at `path`, if there is a readable one.
    pub(crate) fn read(path: &Path) -> Option<Record> {
        serde_json::from_slice(&std::fs::read(beside(path, "json")).ok()?).ok()
    }

    #[cfg(feature = "hub")]
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec(self)?;
        std::fs::write(beside(path, "json"), text)
    }
}

/// `path` with `ending` appended to its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_in_order() {
        let table: [(&[(&str, &str)], &str); 4] = [
            (&[("OCELLI_CACHE", "/a"), ("INFERENCE_HOME", "/b")], "/a"),
            (&[("INFERENCE_HOME", "/b"), ("XDG_CACHE_HOME", "/c")], "/b/ocelli"),
            (&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")], "/c/ocelli"),
            (&[("OCELLI_CACHE", ""), ("INFERENCE_HOME", "/b")], "/b/ocelli"),
        ];
        for (variables, root) in table {
            let find = |name: &str| {
                variables.iter().find(|(n, _)| *n == name).map(|(_, value)| PathBuf::from(value))
            };
            assert_eq!(Cache::from_variables(find).unwrap().root(), Path::new(root));
        }
        assert!(Cache::from_variables(|_| None).is_err());
    }

    #[test]
    fn a_file_of_another_address_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let address = Address::parse("https://example.org/A.pth").unwrap();
        let path = cache.path_of(&address);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, b"x").unwrap();
        assert_eq!(cache.find(&address), Some(path.clone()));
        let record = Record { url: "https://example.org/a.pth".into(), ..Record::default() };
        std::fs::write(beside(&path, "json"), serde_json::to_vec(&record).unwrap()).unwrap();
        assert_eq!(cache.find(&address), None);
    }
}

//! Whole repositories of the Hugging Face hub.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Address;
use super::address::endpoint;
use crate::{EnvironmentError, Error, RetrievalError};

/// The largest listing that is read.
const MAX_LISTING: u64 = 64 << 20;

/// A repository at a revision: `hf://owner/repository[@revision]`, on the hub or on the server that `HF_ENDPOINT` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    endpoint: String,
    owner: String,
    name: String,
    revision: String,
}

/// What the hub says of a revision.
#[derive(Deserialize)]
struct Listing {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

impl Repository {
    /// Reads `hf://owner/repository[@revision]`; nothing if `given` is something else, such as the address of a file.
    pub fn parse(given: &str) -> Option<Repository> {
        Self::at(&endpoint(), given.strip_prefix("hf://")?)
    }

    pub(crate) fn at(endpoint: &str, id: &str) -> Option<Repository> {
        let (owner, name) = id.split_once('/')?;
        let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
        let parts = [owner, name, revision];
        parts.iter().all(|part| is_plain(part)).then(|| Repository {
            endpoint: endpoint.to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            revision: revision.to_owned(),
        })
    }

    /// The repository's own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder with what a model needs of the repository: configuration, tokenizer and weights of its top folder, each
    /// brought by `fetch`. The listing that `fetch` keeps decides which commit a branch is.
    ///
    /// # Errors
    /// `fetch` fails, the answer is no listing, or the weights are not clear.
    pub(crate) fn snapshot(
        &self,
        fetch: &mut dyn FnMut(&Address) -> Result<PathBuf, Error>,
    ) -> Result<PathBuf, Error> {
        let Repository { endpoint, owner, name, revision } = self;
        let url = format!("{endpoint}/api/models/{owner}/{name}/revision/{revision}");
        let listing = Listing::read(&url, &fetch(&Address::parse(&url)?)?)?;
        let mut folder = None;
        for file in self.wanted(&listing)? {
            let url = format!("{endpoint}/{owner}/{name}/resolve/{}/{file}", listing.sha);
            let path = fetch(&Address::parse(&url)?)?;
            folder = path.parent().map(Path::to_owned);
        }
        folder.ok_or_else(|| self.unclear("it holds no files").into())
    }

    /// The files of the top folder that a model may need.
    fn wanted<'a>(&self, listing: &'a Listing) -> Result<Vec<&'a str>, RetrievalError> {
        let names = listing.siblings.iter().map(|sibling| sibling.rfilename.as_str());
        let files: Vec<&str> = names.filter(|name| is_plain(name)).collect();
        let described = |name: &&str| [".json", ".txt", ".model"].iter().any(|e| name.ends_with(e));
        let mut wanted: Vec<&str> = files.iter().copied().filter(described).collect();
        wanted.extend(self.weights(&files)?);
        Ok(wanted)
    }

    /// The weights: the parts that an index names, else the one file that there is.
    fn weights<'a>(&self, files: &[&'a str]) -> Result<Vec<&'a str>, RetrievalError> {
        let ending = |endings: &[&str]| -> Vec<&'a str> {
            let ends = |name: &&str| endings.iter().any(|ending| name.ends_with(ending));
            files.iter().copied().filter(ends).collect()
        };
        let tensors = ending(&[".safetensors"]);
        if files.contains(&"model.safetensors.index.json") {
            return Ok(tensors.into_iter().filter(|name| name.starts_with("model-")).collect());
        }
        for usual in ["weights.safetensors", "model.safetensors"] {
            if let Some(&file) = tensors.iter().find(|name| **name == usual) {
                return Ok(vec![file]);
            }
        }
        let pickled = || ending(&[".pth", ".pt", ".ckpt", ".bin", ".onnx"]);
        let found = if tensors.is_empty() { pickled() } else { tensors };
        match &*found {
            [one] => Ok(vec![one]),
            [] => Err(self.unclear("its top folder holds no weights")),
            many => Err(self.unclear(&format!(
                "it holds several weights; name one as hf://{}/{}/FILE: {}",
                self.owner,
                self.name,
                many.join(", ")
            ))),
        }
    }

    fn unclear(&self, reason: &str) -> RetrievalError {
        RetrievalError::BadAddress { url: self.to_string(), reason: reason.to_owned() }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf://{}/{}@{}", self.owner, self.name, self.revision)
    }
}

impl Listing {
    /// Reads the hub's answer at `path`; what is none is deleted, so that the next call asks again.
    fn read(url: &str, path: &Path) -> Result<Listing, Error> {
        let io = || EnvironmentError::io(path);
        let size = std::fs::metadata(path).map_err(io())?.len();
        let text = if size <= MAX_LISTING { std::fs::read(path).map_err(io())? } else { vec![] };
        let listing = serde_json::from_slice(&text).ok();
        listing.filter(|listing: &Listing| is_plain(&listing.sha)).ok_or_else(|| {
            // The error below is the one to tell.
            let _ = std::fs::remove_file(path);
            let reason = "the server's answer is no listing of a repository".to_owned();
            RetrievalError::BadAddress { url: url.to_owned(), reason }.into()
        })
    }
}

/// Whether a part of an id is a name and no path.
fn is_plain(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !part.is_empty() && !part.starts_with('.') && part.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(files: &[&str]) -> Result<Vec<String>, RetrievalError> {
        let repository = Repository::at("https://h", "owner/net").unwrap();
        let siblings = files.iter().map(|&name| Sibling { rfilename: name.to_owned() });
        let listing = Listing { sha: "1".to_owned(), siblings: siblings.collect() };
        let wanted = repository.wanted(&listing)?;
        Ok(wanted.into_iter().map(str::to_owned).collect())
    }

    #[test]
    fn ids_are_told_from_files() {
        let parsed = Repository::parse("hf://owner/net@v1.0").unwrap();
        assert_eq!((parsed.to_string().as_str(), parsed.name()), ("hf://owner/net@v1.0", "net"));
        for other in ["hf://owner/net/file.pth", "hf://owner", "hf://../net", "https://a/b", "a/b"]
        {
            assert_eq!(Repository::parse(other), None, "{other}");
        }
    }

    #[test]
    fn configuration_and_weights_are_wanted_and_nothing_else() {
        let files = [
            "README.md",
            "config.json",
            "merges.txt",
            "model.safetensors",
            "model.fp16.safetensors",
            "pytorch_model.bin",
            "onnx/model.onnx",
            "../evil.json",
        ];
        assert_eq!(wanted(&files).unwrap(), ["config.json", "merges.txt", "model.safetensors"]);
        let parts = ["model-1-of-2.safetensors", "model-2-of-2.safetensors", "other.safetensors"];
        let index = "model.safetensors.index.json";
        let all = wanted(&[index, parts[0], parts[1], parts[2]]).unwrap();
        assert_eq!(all, [index, parts[0], parts[1]]);
        assert_eq!(wanted(&["checkpoint_best_total.pth"]).unwrap(), ["checkpoint_best_total.pth"]);
        let error = wanted(&["a.pth", "b.pth"]).unwrap_err().to_string();
        assert!(error.contains("hf://owner/net/FILE: a.pth, b.pth"), "{error}");
        assert!(wanted(&["config.json"]).is_err());
    }

    #[test]
    fn an_answer_that_is_no_listing_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main");
        let repository = Repository::at("https://h", "owner/net").unwrap();
        for answer in ["<html>", r#"{"sha": "../x", "siblings": []}"#] {
            std::fs::write(&path, answer).unwrap();
            let error = repository.snapshot(&mut |_| Ok(path.clone())).unwrap_err().to_string();
            assert!(error.contains("no listing") && !path.exists(), "{error}");
        }
    }
}

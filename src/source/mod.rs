//! What `from_pretrained` was given: a path, an address or a name.

mod address;
mod known;
mod repository;

use std::path::{Path, PathBuf};

pub use address::Address;
#[cfg(feature = "hub")]
pub(crate) use address::endpoint;
pub use known::{KNOWN_MODELS, KnownModel, known_model};
pub use repository::Repository;

use crate::{Error, LoadingError, RetrievalError};

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A checkpoint file or a package folder.
    Local(PathBuf),
    /// A file on a server.
    Remote(Address),
    /// A repository on the Hugging Face hub.
    Repository(Repository),
    /// A released checkpoint.
    Known(&'static KnownModel),
}

impl ModelSource {
    /// Reads what a user wrote. Something that exists on disk is a path, whatever it looks like; then come addresses
    /// (`https://`, `hf://owner/repository/file`, `hf://owner/repository`) and the names of [`KNOWN_MODELS`].
    ///
    /// # Errors
    /// It is a path and nothing lies there, an address and a malformed one, or no name that is known.
    pub fn parse(given: &str) -> Result<ModelSource, Error> {
        let path = Path::new(given);
        if path.exists() {
            return Ok(ModelSource::Local(path.to_owned()));
        }
        if let Some(repository) = Repository::parse(given) {
            return Ok(ModelSource::Repository(repository));
        }
        if given.contains("://") {
            return Ok(ModelSource::Remote(Address::parse(given)?));
        }
        if let Some(model) = known_model(given) {
            return Ok(ModelSource::Known(model));
        }
        if looks_like_a_path(given) {
            return Err(LoadingError::NoSuchPath { path: path.to_owned() }.into());
        }
        let suggestions = known::suggestions(given);
        Err(RetrievalError::UnknownName { name: given.to_owned(), suggestions }.into())
    }
}

fn looks_like_a_path(given: &str) -> bool {
    const ENDINGS: [&str; 7] = ["pth", "pt", "ckpt", "safetensors", "onnx", "torchscript", "bin"];
    let ending = Path::new(given).extension().and_then(|ending| ending.to_str());
    given.is_empty()
        || given.contains(['/', '\\'])
        || ending.is_some_and(|ending| ENDINGS.iter().any(|e| ending.eq_ignore_ascii_case(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_paths_are_told_apart() {
        let here = tempfile::tempdir().unwrap();
        let folder = here.path().to_str().unwrap();
        assert_eq!(ModelSource::parse(folder).unwrap(), ModelSource::Local(folder.into()));
        let known = ModelSource::parse("RFDETR-nano").unwrap();
        assert!(matches!(known, ModelSource::Known(model) if model.name == "rfdetr-nano"));
        let remote = ModelSource::parse("https://example.org/a.pth").unwrap();
        assert!(matches!(remote, ModelSource::Remote(_)));
    }

    #[test]
    fn each_mistake_has_its_own_error() {
        for path in ["no/such/file", "weights.pth", ""] {
            let error = ModelSource::parse(path).unwrap_err();
            assert!(matches!(error, Error::Loading(LoadingError::NoSuchPath { .. })), "{path}");
        }
        let error = ModelSource::parse("rfdetr-nanno").unwrap_err().to_string();
        assert!(error.contains("did you mean rfdetr-nano"), "{error}");
        assert!(ModelSource::parse("ftp://example.org/a.pth").is_err());
    }
}

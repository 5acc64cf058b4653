//! The files that say how texts become numbers, for models that read texts.

use std::fs;
use std::io::Read;
use std::path::Path;

use ocelli_models::clip::READERS;
use ocelli_models::tokenizer::Vocabulary;

use crate::{Cache, EnvironmentError, Error, LoadingError};

/// The list of pairs that OpenAI publishes with CLIP's code, as it is and unpacked.
const MERGES: [&str; 2] = ["bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt"];
/// The largest file; real ones have a few megabytes.
const MAX_FILE: u64 = 64 << 20;

/// A vocabulary that a user names: a folder with one, `tokenizer.json`, or OpenAI's list.
///
/// # Errors
/// There is none, or a file cannot be read.
pub(crate) fn named(path: &Path) -> Result<Vocabulary, Error> {
    if path.is_dir() {
        return in_folder(path)?.ok_or_else(|| {
            let reason = format!(
                "no vocabulary in this folder; there should be `tokenizer.json`, `vocab.json` and `merges.txt`, or `{}`",
                MERGES[0]
            );
            let value = path.display().to_string();
            LoadingError::InvalidOption { option: "vocabulary", value, reason }.into()
        });
    }
    if path.extension().is_some_and(|ending| ending == "json") {
        return Ok(Vocabulary::TokenizerJson(text(path)?.into()));
    }
    Ok(Vocabulary::Merges(bytes(path)?.into()))
}

/// The vocabulary of a model that lies in `folder`: there, else in the cache; nothing for models that read no texts.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn find(
    architecture: &str,
    folder: Option<&Path>,
    cache: impl FnOnce() -> Option<Cache>,
) -> Result<Option<Vocabulary>, Error> {
    if !READERS.contains(&architecture) {
        return Ok(None);
    }
    if let Some(found) = folder.map_or(Ok(None), in_folder)? {
        return Ok(Some(found));
    }
    cache().map_or(Ok(None), |cache| merges_in(cache.root()))
}

/// Writes a vocabulary into a folder, under names by which it is found there.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn write(folder: &Path, vocabulary: &Vocabulary) -> Result<(), Error> {
    let one = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, content).map_err(EnvironmentError::io(&path))
    };
    match vocabulary {
        Vocabulary::TokenizerJson(text) => one("tokenizer.json", text.as_bytes())?,
        Vocabulary::VocabAndMerges { vocab, merges } => {
            one("vocab.json", vocab.as_bytes())?;
            one("merges.txt", merges.as_bytes())?;
        }
        Vocabulary::Merges(bytes) => {
            let packed = bytes.starts_with(&[0x1f, 0x8b]);
            one(if packed { MERGES[0] } else { MERGES[1] }, bytes)?;
        }
    }
    Ok(())
}

fn in_folder(folder: &Path) -> Result<Option<Vocabulary>, Error> {
    let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    if let Some(path) = file("tokenizer.json") {
        return Ok(Some(Vocabulary::TokenizerJson(text(&path)?.into())));
    }
    if let (Some(vocab), Some(merges)) = (file("vocab.json"), file("merges.txt")) {
        let (vocab, merges) = (text(&vocab)?.into(), text(&merges)?.into());
        return Ok(Some(Vocabulary::VocabAndMerges { vocab, merges }));
    }
    merges_in(folder)
}

fn merges_in(folder: &Path) -> Result<Option<Vocabulary>, Error> {
    let path = MERGES.iter().map(|name| folder.join(name)).find(|path| path.is_file());
    path.map(|path| Ok(Vocabulary::Merges(bytes(&path)?.into()))).transpose()
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let file = fs::File::open(path).map_err(EnvironmentError::io(path))?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(EnvironmentError::io(path))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(invalid(path, &format!("larger than {MAX_FILE} bytes")));
    }
    Ok(bytes)
}

fn text(path: &Path) -> Result<String, Error> {
    String::from_utf8(bytes(path)?).map_err(|_| invalid(path, "not UTF-8 text"))
}

fn invalid(path: &Path, reason: &str) -> Error {
    let (value, reason) = (path.display().to_string(), reason.to_owned());
    LoadingError::InvalidOption { option: "vocabulary", value, reason }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vocabularies_are_found_beside_the_weights_then_in_the_cache() {
        let (folder, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let find = |architecture| {
            let cache = Cache::at(cache.path());
            super::find(architecture, Some(folder.path()), || Some(cache)).unwrap()
        };
        assert_eq!(find("clip"), None);
        fs::write(cache.path().join(MERGES[0]), [0x1f, 0x8b]).unwrap();
        assert_eq!(find("clip"), Some(Vocabulary::Merges([0x1f, 0x8b].as_slice().into())));
        assert_eq!(find("resnet"), None);
        for vocabulary in [
            Vocabulary::Merges(b"#version\na b".as_slice().into()),
            Vocabulary::VocabAndMerges { vocab: "{}".into(), merges: "a b".into() },
            Vocabulary::TokenizerJson("{}".into()),
        ] {
            write(folder.path(), &vocabulary).unwrap();
            assert_eq!(find("perception-encoder").as_ref(), Some(&vocabulary));
            assert_eq!(named(folder.path()).unwrap(), vocabulary);
        }
        assert!(named(&folder.path().join("none")).is_err());
        let error = named(tempfile::tempdir().unwrap().path()).unwrap_err().to_string();
        assert!(error.contains("tokenizer.json"), "{error}");
    }
}

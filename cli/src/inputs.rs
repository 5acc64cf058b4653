//! From what was written to the pictures that are meant.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ocelli::Image;
use ocelli::vision::DecodeOptions;

/// The endings by which pictures in folders are known.
const ENDINGS: [&str; 15] = [
    "png", "jpg", "jpeg", "jpe", "webp", "bmp", "gif", "tif", "tiff", "pnm", "pbm", "pgm", "ppm",
    "pam", "jfif",
];

/// The most bytes that are read from standard input.
const MAX_STDIN: u64 = 1 << 30;

/// A picture to be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Input {
    File(PathBuf),
    Stdin,
}

impl Input {
    /// What it is called in results.
    pub(crate) fn name(&self) -> String {
        match self {
            Input::File(path) => path.display().to_string(),
            Input::Stdin => "-".to_owned(),
        }
    }

    /// Reads and decodes it.
    pub(crate) fn read(&self, options: &DecodeOptions) -> Result<Image> {
        match self {
            Input::File(path) => Ok(Image::open_with(path, options)?),
            Input::Stdin => {
                let mut bytes = Vec::new();
                let stdin = std::io::stdin().lock();
                stdin.take(MAX_STDIN).read_to_end(&mut bytes).context("reading standard input")?;
                Image::decode(&bytes, options).context("standard input")
            }
        }
    }
}

/// The pictures of all arguments, each once, in the order given; those of a folder or pattern sorted by name.
///
/// A file that does not exist is taken along, to fail by itself later on; a folder or pattern without a picture is an error.
pub(crate) fn expand(given: &[String]) -> Result<Vec<Input>> {
    let mut seen = HashSet::new();
    let mut inputs = Vec::new();
    for given in given {
        let expanded = expand_one(given)?;
        inputs.extend(expanded.into_iter().filter(|input| seen.insert(input.clone())));
    }
    Ok(inputs)
}

fn expand_one(given: &str) -> Result<Vec<Input>> {
    let path = Path::new(given);
    if given == "-" {
        return Ok(vec![Input::Stdin]);
    }
    if path.is_dir() {
        let files = in_folder(path)?;
        if files.is_empty() {
            bail!("{given}: no pictures in this folder (for those below it: '{given}/**/*.jpg')");
        }
        return Ok(files);
    }
    if path.exists() || !given.contains(['*', '?', '[']) {
        return Ok(vec![Input::File(path.to_owned())]);
    }
    let matches = glob::glob(given).with_context(|| format!("pattern `{given}`"))?;
    let mut files: Vec<_> = matches.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    files.sort();
    if files.is_empty() {
        bail!("{given}: no file fits this pattern");
    }
    Ok(files.into_iter().map(Input::File).collect())
}

fn in_folder(folder: &Path) -> Result<Vec<Input>> {
    let entries = folder.read_dir().with_context(|| folder.display().to_string())?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| folder.display().to_string())?.path();
        if path.is_file() && is_picture(&path) {
            files.push(Input::File(path));
        }
    }
    files.sort();
    Ok(files)
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|e| ending.eq_ignore_ascii_case(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(inputs: &[Input], folder: &Path) -> Vec<String> {
        let strip = |input: &Input| match input {
            Input::File(path) => path.strip_prefix(folder).unwrap().display().to_string(),
            Input::Stdin => "-".to_owned(),
        };
        inputs.iter().map(strip).collect()
    }

    #[test]
    fn folders_patterns_and_files_expand_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["b.JPG", "a.png", "notes.txt", "c.webp"] {
            std::fs::write(path.join(name), b"").unwrap();
        }
        let at = |name: &str| path.join(name).display().to_string();
        let all = expand(&[at("c.webp"), at(""), at("*.png"), "-".into()]).unwrap();
        assert_eq!(names(&all, path), ["c.webp", "a.png", "b.JPG", "-"]);
        let missing = expand(&[at("missing.png")]).unwrap();
        assert_eq!(names(&missing, path), ["missing.png"]);
        assert!(expand(&[at("*.gif")]).is_err());
        std::fs::create_dir(path.join("empty")).unwrap();
        assert!(expand(&[at("empty")]).unwrap_err().to_string().contains("no pictures"));
    }
}

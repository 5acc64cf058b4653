//! Names of written pictures: never that of an input, never one another's.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::inputs::Input;

/// Gives names in one folder.
pub(crate) struct OutputNames {
    folder: PathBuf,
    taken: HashSet<PathBuf>,
}

impl OutputNames {
    /// Names in `folder`, which exists, beside the pictures of `inputs`.
    pub(crate) fn new(folder: &Path, inputs: &[Input]) -> OutputNames {
        let taken = inputs.iter().filter_map(|input| match input {
            Input::File(path) => path.canonicalize().ok(),
            Input::Stdin => None,
        });
        OutputNames { folder: folder.to_owned(), taken: taken.collect() }
    }

    /// A name for the annotated picture of `input`: its own, with a number where that is taken; and one with the same
    /// number for each of its `companions`, of which the endings are given.
    pub(crate) fn names(&mut self, input: &Input, companions: &[&str]) -> Vec<PathBuf> {
        let (stem, ending) = match input {
            Input::File(path) => (
                path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
                written_ending(path),
            ),
            Input::Stdin => ("stdin".to_owned(), "png"),
        };
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let mut number = 1_u64;
        loop {
            let stem = match number {
                1 => stem.clone(),
                number => format!("{stem}-{number}"),
            };
            let endings = std::iter::once(&ending).chain(companions);
            let names: Vec<_> = endings.map(|ending| format!("{stem}.{ending}")).collect();
            let real = |name: &String| {
                let path = folder.join(name);
                path.canonicalize().unwrap_or(path)
            };
            let paths: Vec<_> = names.iter().map(real).collect();
            if paths.iter().all(|path| !self.taken.contains(path)) {
                self.taken.extend(paths);
                return names.iter().map(|name| self.folder.join(name)).collect();
            }
            number += 1;
        }
    }
}

/// The format of an annotated picture: JPEG for JPEG, PNG for all else.
fn written_ending(path: &Path) -> &'static str {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let jpeg = ["jpg", "jpeg", "jpe", "jfif"].iter().any(|e| ending.eq_ignore_ascii_case(e));
    if jpeg { "jpg" } else { "png" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_collide_with_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("other")).unwrap();
        for name in ["a.jpg", "other/a.jpg", "other/a.jpeg", "b.webp"] {
            std::fs::write(path.join(name), b"").unwrap();
        }
        let file = |name: &str| Input::File(path.join(name));
        let inputs = [file("a.jpg"), file("other/a.jpg"), file("other/a.jpeg"), file("b.webp")];
        let mut names = OutputNames::new(path, &inputs);
        let given: Vec<_> = inputs.iter().flat_map(|input| names.names(input, &[])).collect();
        let expected = ["a-2.jpg", "a-3.jpg", "a-4.jpg", "b.png"];
        assert_eq!(given, expected.map(|name| path.join(name)));
        assert_eq!(names.names(&Input::Stdin, &[]), [path.join("stdin.png")]);
        let both = names.names(&Input::Stdin, &["depth.png"]);
        assert_eq!(both, ["stdin-2.png", "stdin-2.depth.png"].map(|name| path.join(name)));
    }
}

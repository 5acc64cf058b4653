//! Files beside the model that hold its larger tensors.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::Error;
use crate::error::Fault;
use crate::source::Source;
use crate::storage::{ByteOrder, Storage};

/// More files than a model is ever split into.
const MAX_FILES: usize = 1024;

/// The folder of a model, and the files of it that were opened.
pub(crate) struct Folder {
    model: Arc<str>,
    /// `None` for a model that is no file.
    path: Option<PathBuf>,
    files: HashMap<String, Source>,
}

impl Folder {
    /// The folder that the file `path` lies in; `model` names the model in errors.
    pub(crate) fn of(model: &Arc<str>, path: Option<&Path>) -> Self {
        let parent = |path: &Path| match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Folder { model: model.clone(), path: path.map(parent), files: HashMap::new() }
    }

    /// The bytes that the pairs `location`, `offset` and `length` of tensor `name` tell of, `len`
    /// of them where no length is told.
    pub(crate) fn storage(
        &mut self,
        name: &str,
        pairs: &[(&str, &str)],
        len: usize,
    ) -> Result<Storage, Error> {
        let model = self.model.clone();
        let wrong = |what: String| {
            let place = format!("the external data of tensor `{name:.200}`");
            Fault::corrupt(place, what).in_file(&model)
        };
        let value = |key| pairs.iter().rev().find(|(k, _)| *k == key).map(|&(_, value)| value);
        let number = |key, default| match value(key) {
            None => Ok(default),
            Some(text) => {
                text.parse().map_err(|_| wrong(format!("{key} {text:.40?} is no number of bytes")))
            }
        };
        let location = value("location").ok_or_else(|| wrong("its file is not named".into()))?;
        let (start, len): (usize, usize) = (number("offset", 0)?, number("length", len)?);
        let source = self.open(location)?;
        let storage = start
            .checked_add(len)
            .and_then(|end| Storage::range(&source, start..end, ByteOrder::Little));
        storage.ok_or_else(|| {
            let has = source.len();
            wrong(format!("{len} bytes from {start} on, file {location:.200?} has {has}"))
        })
    }

    fn open(&mut self, location: &str) -> Result<Source, Error> {
        if let Some(source) = self.files.get(location) {
            return Ok(source.clone());
        }
        if self.files.len() >= MAX_FILES {
            let what = "the number of files with external data";
            return Err(Fault::limit(what, MAX_FILES as u64).in_file(&self.model));
        }
        let source = Source::map(&self.resolve(location)?)?;
        self.files.insert(location.to_owned(), source.clone());
        Ok(source)
    }

    /// The plain file inside the folder that `location` leads to, links followed.
    fn resolve(&self, location: &str) -> Result<PathBuf, Error> {
        let Some(folder) = &self.path else {
            let what = format!("external data (`{location:.200}`) of a model in memory");
            return Err(
                Fault::unsupported(what, "open the model's file instead").in_file(&self.model)
            );
        };
        let escapes = || {
            Fault::unsupported(
                format!("external data outside of the model's folder (`{location:.200}`)"),
                "put the data file itself, no link to it, beside the model",
            )
            .in_file(&self.model)
        };
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if !Path::new(location).components().all(inside) {
            return Err(escapes());
        }
        let path = folder.join(location);
        let io = |cause| Error::Io { path: path.clone(), cause };
        let real = path.canonicalize().map_err(io)?;
        if !real.starts_with(folder.canonicalize().map_err(io)?) {
            return Err(escapes());
        }
        if !real.is_file() {
            let what = format!("`{location:.200}` is not a file");
            return Err(Fault::corrupt("the external data", what).in_file(&self.model));
        }
        Ok(real)
    }
}

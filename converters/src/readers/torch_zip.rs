//! PyTorch since 1.6, and TorchScript: a zip archive of a pickle and one entry per storage.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use zip::read::{ArchiveOffset, Config, ZipArchiveMetadata};
use zip::result::ZipResult;
use zip::{CompressionMethod, ZipArchive};

use super::Content;
use crate::error::Fault;
use crate::names::Named;
use crate::pickle::{self, StorageDecl};
use crate::source::Source;
use crate::storage::{ByteOrder, Storage};
use crate::zip_entry::ZipEntry;
use crate::{Error, Format, Value};

pub(crate) fn read(source: &Source, file: &Arc<str>) -> Result<Content, Error> {
    let in_file = |fault: Fault| fault.in_file(file);
    let directory = Directory::open(source).map_err(in_file)?;
    let Some(folder) = directory.folder() else { return Err(directory.no_pickle(file)) };
    let script = directory.find(&format!("{folder}constants.pkl")).is_some();
    let (root, pickle_len) = directory.pickle(file, &folder, "data").map_err(in_file)?;
    let mut named = Named::of(&root, pickle_len).map_err(in_file)?;
    if script {
        let (constants, _) = directory.pickle(file, &folder, "constants").map_err(in_file)?;
        push_constants(&mut named, &constants);
    }
    let format = if script { Format::TorchScript } else { Format::TorchZip };
    let extra = directory.extra(&folder).map_err(in_file)?;
    Ok(Content { extra, ..Content::new(format, root, named) })
}

/// Tensors that the code names `CONSTANTS.c0`, `CONSTANTS.c1` and so on: weights, once frozen.
fn push_constants(named: &mut Named, constants: &Value) {
    for (index, constant) in constants.as_slice().unwrap_or_default().iter().enumerate() {
        if let Value::Tensor(tensor) = constant {
            named.push(&format!("CONSTANTS.c{index}"), tensor, "CONSTANTS");
        }
    }
}

/// Opens an archive that begins with the file, else one that something stands before.
///
/// The guess at the latter goes first by the directory's size. PyTorch writes 76 bytes between the directory and its end
/// record, so that the guess is off by as much, and sounds right if the first entry's record is as long: that of
/// `checkpoint_best_total/data.pkl`.
fn archive(source: &Source) -> ZipResult<ZipArchive<Cursor<Source>>> {
    let first = Config { archive_offset: ArchiveOffset::Known(0) };
    ZipArchive::with_config(first, Cursor::new(source.clone()))
        .or_else(|_| ZipArchive::new(Cursor::new(source.clone())))
}

/// The archive's entries by name.
struct Directory {
    entries: HashMap<String, Arc<ZipEntry>>,
    file_len: u64,
}

impl Directory {
    fn open(source: &Source) -> Result<Self, Fault> {
        let archive = archive(source).map_err(|error| {
            let what = format!("{error}; a file that was cut short lacks it");
            Fault::corrupt("the archive's directory at its end", what)
        })?;
        if archive.has_duplicate_names() {
            return Err(Fault::corrupt("the archive's directory", "a name occurs twice"));
        }
        let mut directory = Directory { entries: HashMap::new(), file_len: source.len() as u64 };
        directory.list(source, &archive.metadata())?;
        directory.check_inflated_size()?;
        Ok(directory)
    }

    fn list(&mut self, source: &Source, archive: &Arc<ZipArchiveMetadata>) -> Result<(), Fault> {
        for index in 0..archive.len() {
            let place = || format!("entry {index} of the archive");
            let entry = archive.entry(index).map_err(|e| Fault::corrupt(place(), e.to_string()))?;
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if entry.encrypted() {
                return Err(Fault::unsupported(format!("the encrypted entry `{name}`"), RESAVE));
            }
            let stored = match entry.compression() {
                CompressionMethod::Stored => true,
                CompressionMethod::Deflated => false,
                method => {
                    let what = format!("the compression {method} of entry `{name}`");
                    return Err(Fault::unsupported(what, RESAVE));
                }
            };
            let sizes @ (size, compressed) = (entry.size(), entry.compressed_size());
            if compressed > self.file_len || (stored && size != compressed) {
                return Err(Fault::corrupt(format!("entry `{name}`"), "its size is wrong"));
            }
            let entry = ZipEntry::new(source, archive, index, sizes, stored);
            self.entries.insert(name, Arc::new(entry));
        }
        Ok(())
    }

    /// Keeps a small archive from inflating to something that no checkpoint holds.
    fn check_inflated_size(&self) -> Result<(), Fault> {
        const DEFLATE_MAX_RATIO: u64 = 1100;
        let deflated = || self.entries.iter().filter(|(_, entry)| !entry.stored);
        for (name, entry) in deflated() {
            if entry.size / DEFLATE_MAX_RATIO > entry.compressed {
                return Err(Fault::corrupt(format!("entry `{name}`"), "its size is impossible"));
            }
        }
        let total = deflated().fold(0u64, |sum, (_, entry)| sum.saturating_add(entry.size));
        let limit = self.file_len.saturating_mul(64).max(1 << 28);
        if total > limit {
            return Err(Fault::limit("the inflated size of the archive", limit));
        }
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Arc<ZipEntry>> {
        self.entries.get(name)
    }

    /// The one top folder that holds `data.pkl`, with its slash; empty if it lies outside any.
    fn folder(&self) -> Option<String> {
        let folders = self.entries.keys().filter_map(|name| name.strip_suffix("data.pkl"));
        let is_top =
            |folder: &&str| folder.strip_suffix('/').is_none_or(|name| !name.contains('/'));
        let folders = folders.filter(is_top).filter(|f| f.is_empty() || f.ends_with('/'));
        folders.min().map(str::to_owned)
    }

    fn no_pickle(&self, file: &str) -> Error {
        let has = |end: &str| self.entries.keys().any(|name| name.ends_with(end));
        let (found, hint) = if has(".npy") {
            ("a NumPy archive (.npz)", CONVERT)
        } else if has("model.weights.h5") {
            ("a Keras model", CONVERT)
        } else if has("archive_format") || has("serialized_exported_program.json") {
            ("an exported PyTorch program (.pt2)", CONVERT)
        } else if has("model.json") {
            ("a TorchScript archive from before PyTorch 1.1", RESAVE)
        } else if self.entries.keys().any(|name| name.contains("MAR-INF/")) {
            ("a TorchServe archive (.mar)", "unpack it and give the checkpoint inside")
        } else {
            ("a zip archive without `data.pkl`", "unpack it and give the checkpoint inside")
        };
        Error::NotACheckpoint { file: file.into(), found: found.into(), hint: hint.into() }
    }

    /// The value of `folder/stem.pkl`, whose storages are the entries under `folder/stem/`, and
    /// the length of that pickle.
    fn pickle(&self, file: &Arc<str>, folder: &str, stem: &str) -> Result<(Value, usize), Fault> {
        let name = format!("{folder}{stem}.pkl");
        let missing = || Fault::corrupt(format!("entry `{name}`"), "it is missing");
        let entry = self.find(&name).ok_or_else(missing)?;
        if entry.size > pickle::MAX_LEN {
            return Err(Fault::limit(format!("the size of `{name}`"), pickle::MAX_LEN));
        }
        let bytes = entry.bytes()?;
        let pickle = pickle::parse(bytes, 0, &name)?;
        let order = self.byte_order(folder)?;
        let storage = |decl| self.storage(decl, &format!("{folder}{stem}/"), order);
        let storages: Result<Vec<_>, Fault> = pickle.storages.iter().map(storage).collect();
        Ok((pickle.freeze(file, &storages?)?, bytes.len()))
    }

    /// The texts that were saved beside a module, by their names below `extra/`.
    fn extra(&self, folder: &str) -> Result<HashMap<String, String>, Fault> {
        const MAX_TEXT: u64 = 1 << 20;
        let prefix = format!("{folder}extra/");
        let mut texts = HashMap::new();
        for (name, entry) in &self.entries {
            let Some(name) = name.strip_prefix(&prefix).filter(|_| entry.size <= MAX_TEXT) else {
                continue;
            };
            if let Ok(text) = std::str::from_utf8(entry.bytes()?) {
                texts.insert(name.to_owned(), text.to_owned());
            }
        }
        Ok(texts)
    }

    fn byte_order(&self, folder: &str) -> Result<ByteOrder, Fault> {
        let Some(entry) = self.find(&format!("{folder}byteorder")) else {
            return Ok(ByteOrder::Little);
        };
        match entry.bytes()?.trim_ascii() {
            b"little" => Ok(ByteOrder::Little),
            b"big" => Ok(ByteOrder::Big),
            _ => Err(Fault::corrupt("entry `byteorder`", "it is neither `little` nor `big`")),
        }
    }

    fn storage(
        &self,
        decl: &StorageDecl,
        folder: &str,
        order: ByteOrder,
    ) -> Result<Arc<Storage>, Fault> {
        let name = format!("{folder}{}", decl.key);
        let wrong = |what: String| Fault::corrupt(format!("storage entry `{name}`"), what);
        let len = decl.elements.checked_mul(decl.dtype.size());
        let Some(len) = len else { return Err(wrong("its size overflows".into())) };
        if len == 0 {
            return Ok(Arc::new(Storage::owned(Arc::from([]), order)));
        }
        let Some(entry) = self.find(&name) else { return Err(wrong("it is missing".into())) };
        if (len as u64) > entry.size {
            return Err(wrong(format!("{} bytes, {len} declared", entry.size)));
        }
        Ok(Arc::new(Storage::zip(entry.clone(), len, order)))
    }
}

const RESAVE: &str = "save it again with `torch.save`";
const CONVERT: &str = "give the PyTorch or safetensors checkpoint it was made from";

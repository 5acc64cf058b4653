//! PyTorch before 1.6: five pickles in a row, then the storages. Also a pickle on its own.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::Content;
use crate::Format;
use crate::error::Fault;
use crate::names::Named;
use crate::pickle::{self, Pickle, StorageDecl};
use crate::source::Source;
use crate::storage::{ByteOrder, Storage};

/// The integer `0x1950a86a20f9469cfc6c`, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

pub(crate) fn read(source: &Source, file: &Arc<str>) -> Result<Content, Fault> {
    let first = pickle::parse(source, 0, "the pickle")?;
    if first.root_big_int() != Some(&MAGIC) {
        return plain(&first, file);
    }
    let version = pickle::parse(source, first.end, "the protocol version")?;
    let system = pickle::parse(source, version.end, "the system information")?;
    let object = pickle::parse(source, system.end, "the object pickle")?;
    let keys = pickle::parse(source, object.end, "the storage keys")?;
    let storages = storages(source, &object, &keys)?;
    let root = object.freeze(file, &storages)?;
    let named = Named::of(&root, object.end - system.end)?;
    Ok(Content::new(Format::TorchLegacy, root, named))
}

/// A pickle that `torch.save` did not write; its arrays are NumPy's.
fn plain(pickle: &Pickle, file: &Arc<str>) -> Result<Content, Fault> {
    if !pickle.storages.is_empty() {
        return Err(Fault::corrupt("the pickle", "it refers to storages that follow no pickle"));
    }
    let root = pickle.freeze(file, &[])?;
    let named = Named::of(&root, pickle.end)?;
    Ok(Content::new(Format::Pickle, root, named))
}

fn storages(source: &Source, object: &Pickle, keys: &Pickle) -> Result<Vec<Arc<Storage>>, Fault> {
    let names = keys
        .root_keys()
        .ok_or_else(|| Fault::corrupt("the storage keys", "a list of texts is expected"))?;
    let mut decls: HashMap<&str, &StorageDecl> = HashMap::new();
    for decl in &object.storages {
        decls.entry(&decl.key).or_insert(decl);
    }
    let mut places = HashMap::new();
    let mut at = keys.end;
    for key in names {
        let Some(decl) = decls.get(&*key) else {
            return Err(Fault::corrupt(format!("storage `{key}`"), "no tensor uses it"));
        };
        let place = place(source, decl, at)?;
        at = place.end;
        places.insert(key, place);
    }
    object.storages.iter().map(|decl| view(source, decl, &places)).collect()
}

/// The bytes of a whole storage, whose record starts at `at` with its number of elements.
fn place(source: &Source, decl: &StorageDecl, at: usize) -> Result<Range<usize>, Fault> {
    let wrong = |what: String| Fault::corrupt(format!("storage `{}`", decl.key), what);
    let elements = source.get(at..).and_then(|rest| rest.first_chunk());
    let Some(elements) = elements.map(|&bytes| u64::from_le_bytes(bytes)) else {
        return Err(wrong("the file ends before it".into()));
    };
    if elements != decl.elements as u64 {
        return Err(wrong(format!("{elements} elements, {} declared", decl.elements)));
    }
    let start = at + size_of::<u64>();
    let end = decl.elements.checked_mul(decl.dtype.size()).and_then(|len| start.checked_add(len));
    match end {
        Some(end) if end <= source.len() => Ok(start..end),
        _ => Err(wrong(format!("the file ends within its {elements} elements"))),
    }
}

/// The part of its whole storage that a declaration means.
fn view(
    source: &Source,
    decl: &StorageDecl,
    places: &HashMap<Arc<str>, Range<usize>>,
) -> Result<Arc<Storage>, Fault> {
    let wrong = |what: &str| Fault::corrupt(format!("storage `{}`", decl.key), what);
    let whole = places.get(&decl.key).ok_or_else(|| wrong("it is not in the file"))?;
    let (first, count) = decl.view.unwrap_or((0, decl.elements));
    let size = decl.dtype.size();
    let part = || {
        let start = whole.start.checked_add(first.checked_mul(size)?)?;
        let end = start.checked_add(count.checked_mul(size)?)?;
        (end <= whole.end).then_some(start..end)
    };
    let part = part().ok_or_else(|| wrong("a view leaves it"))?;
    // Legacy storages are little-endian, whatever machine wrote them.
    let storage = Storage::range(source, part, ByteOrder::Little);
    storage.map(Arc::new).ok_or_else(|| wrong("it lies outside the file"))
}

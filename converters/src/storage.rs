//! Untyped bytes that one or more tensors look into.

use std::ops::Range;
use std::sync::Arc;

use crate::error::Fault;
use crate::source::Source;
use crate::zip_entry::ZipEntry;

/// The order of the bytes within one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

/// A run of bytes in a checkpoint, fetched when first asked for.
pub(crate) struct Storage {
    place: Place,
    /// Bytes that tensors may look at.
    len: usize,
    pub(crate) order: ByteOrder,
}

enum Place {
    Range { source: Source, start: usize },
    Zip(Arc<ZipEntry>),
    Owned(Arc<[u8]>),
}

impl Storage {
    /// `range` of `source`; `None` when it does not lie inside.
    pub(crate) fn range(source: &Source, range: Range<usize>, order: ByteOrder) -> Option<Self> {
        source.get(range.clone())?;
        let place = Place::Range { source: source.clone(), start: range.start };
        Some(Storage { place, len: range.len(), order })
    }

    pub(crate) fn owned(bytes: Arc<[u8]>, order: ByteOrder) -> Self {
        Storage { len: bytes.len(), place: Place::Owned(bytes), order }
    }

    /// The first `len` bytes of a zip entry, which must not be shorter.
    pub(crate) fn zip(entry: Arc<ZipEntry>, len: usize, order: ByteOrder) -> Self {
        Storage { place: Place::Zip(entry), len, order }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Lets the system take back the memory behind `bytes`, which are of this storage.
    pub(crate) fn release(&self, bytes: &[u8]) {
        match &self.place {
            Place::Range { source, .. } => source.release(bytes),
            Place::Zip(entry) => entry.release(bytes),
            Place::Owned(_) => {}
        }
    }

    /// The bytes; a deflated entry is inflated on the first call and kept.
    pub(crate) fn bytes(&self) -> Result<&[u8], Fault> {
        let bytes = match &self.place {
            Place::Range { source, start } => source.get(*start..).unwrap_or_default(),
            Place::Zip(entry) => entry.bytes()?,
            Place::Owned(bytes) => bytes,
        };
        bytes.get(..self.len).ok_or_else(|| {
            Fault::corrupt("a storage", format!("{} bytes, {} declared", bytes.len(), self.len))
        })
    }
}

//! Untyped bytes that one or more tensors look into.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use zip::ZipReadOptions;
use zip::read::ZipArchiveMetadata;

use crate::error::Fault;
use crate::source::Source;

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
    ZipStored(ZipEntry),
    ZipDeflated(ZipEntry, OnceLock<Vec<u8>>),
    Owned(Arc<[u8]>),
}

/// One entry of a zip archive, by its index in the directory.
pub(crate) struct ZipEntry {
    pub(crate) source: Source,
    pub(crate) archive: Arc<ZipArchiveMetadata>,
    pub(crate) index: usize,
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
    pub(crate) fn zip(entry: ZipEntry, stored: bool, len: usize, order: ByteOrder) -> Self {
        let place = if stored {
            Place::ZipStored(entry)
        } else {
            Place::ZipDeflated(entry, OnceLock::new())
        };
        Storage { place, len, order }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes; a deflated entry is inflated on the first call and kept.
    pub(crate) fn bytes(&self) -> Result<&[u8], Fault> {
        let bytes = match &self.place {
            Place::Range { source, start } => source.get(*start..).unwrap_or_default(),
            Place::ZipStored(entry) => entry.stored()?,
            Place::ZipDeflated(entry, inflated) => match inflated.get() {
                Some(bytes) => bytes,
                None => {
                    let bytes = entry.inflate()?;
                    inflated.get_or_init(|| bytes)
                }
            },
            Place::Owned(bytes) => bytes,
        };
        bytes.get(..self.len).ok_or_else(|| {
            Fault::corrupt("a storage", format!("{} bytes, {} declared", bytes.len(), self.len))
        })
    }
}

impl ZipEntry {
    /// The bytes of an entry that is stored as it is, straight from the file.
    pub(crate) fn stored(&self) -> Result<&[u8], Fault> {
        const LOCAL_HEADER: usize = 30;
        let entry = self.archive.entry(self.index).map_err(|e| self.damaged(&e.to_string()))?;
        let outside = || self.damaged("its data lies outside the file");
        let start = usize::try_from(entry.header_start()).map_err(|_| outside())?;
        let len = usize::try_from(entry.size()).map_err(|_| outside())?;
        let local = self.source.get(start..).ok_or_else(outside)?;
        let header = local.get(..LOCAL_HEADER).ok_or_else(outside)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(self.damaged("its local header is missing"));
        }
        let length = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let data = LOCAL_HEADER + length(26) + length(28);
        local.get(data..).and_then(|data| data.get(..len)).ok_or_else(outside)
    }

    /// The bytes of a compressed entry; never more than its directory entry declares.
    pub(crate) fn inflate(&self) -> Result<Vec<u8>, Fault> {
        const FIRST_RESERVE: u64 = 1 << 20;
        let entry = self.archive.entry(self.index).map_err(|e| self.damaged(&e.to_string()))?;
        let size = entry.size();
        let mut reader = Cursor::new(self.source.clone());
        let file = entry
            .with_reader(&mut reader, ZipReadOptions::default())
            .map_err(|e| self.damaged(&e.to_string()))?;
        let mut bytes = Vec::with_capacity(size.min(FIRST_RESERVE) as usize);
        file.take(size + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| self.damaged(&format!("cannot be inflated: {e}")))?;
        if bytes.len() as u64 != size {
            return Err(self.damaged("it does not inflate to the size its directory declares"));
        }
        Ok(bytes)
    }

    fn damaged(&self, what: &str) -> Fault {
        let name = match self.archive.entry(self.index) {
            Ok(entry) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
            Err(_) => format!("number {}", self.index),
        };
        Fault::corrupt(format!("archive entry `{name}`"), what)
    }
}

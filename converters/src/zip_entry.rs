//! One entry of a zip archive: where its bytes lie, or what they inflate to.

use std::io::{Cursor, Read};
use std::sync::{Arc, OnceLock};

use zip::ZipReadOptions;
use zip::read::ZipArchiveMetadata;

use crate::error::Fault;
use crate::source::Source;

/// An entry by its index in the archive's directory. Nothing of it is read before [`bytes`].
///
/// [`bytes`]: Self::bytes
pub(crate) struct ZipEntry {
    source: Source,
    archive: Arc<ZipArchiveMetadata>,
    index: usize,
    /// Bytes once inflated.
    pub(crate) size: u64,
    /// Bytes in the archive.
    pub(crate) compressed: u64,
    /// Whether it is kept as it is, without compression.
    pub(crate) stored: bool,
    inflated: OnceLock<Vec<u8>>,
}

impl ZipEntry {
    pub(crate) fn new(
        source: &Source,
        archive: &Arc<ZipArchiveMetadata>,
        index: usize,
        sizes: (u64, u64),
        stored: bool,
    ) -> Self {
        let (size, compressed) = sizes;
        let (source, archive) = (source.clone(), archive.clone());
        ZipEntry { source, archive, index, size, compressed, stored, inflated: OnceLock::new() }
    }

    /// The entry's bytes: of a stored entry straight from the file and unchecked, of a deflated
    /// one inflated on the first call, checked, and kept.
    pub(crate) fn bytes(&self) -> Result<&[u8], Fault> {
        if self.stored {
            return self.in_place();
        }
        if self.inflated.get().is_none() {
            // Another thread may have been faster; both inflated the same.
            let _ = self.inflated.set(self.inflate()?);
        }
        Ok(self.inflated.get().map_or(&[], Vec::as_slice))
    }

    /// Lets the system take back the memory behind `bytes`, if they are of the file.
    pub(crate) fn release(&self, bytes: &[u8]) {
        if self.stored {
            self.source.release(bytes);
        }
    }

    fn in_place(&self) -> Result<&[u8], Fault> {
        const LOCAL_HEADER: usize = 30;
        let entry = self.archive.entry(self.index).map_err(|e| self.damaged(&e.to_string()))?;
        let outside = || self.damaged("its data lies outside the file");
        let start = usize::try_from(entry.header_start()).map_err(|_| outside())?;
        let len = usize::try_from(self.size).map_err(|_| outside())?;
        let local = self.source.get(start..).ok_or_else(outside)?;
        let header = local.get(..LOCAL_HEADER).ok_or_else(outside)?;
        if !header.starts_with(b"PK\x03\x04") {
            return Err(self.damaged("its local header is missing"));
        }
        let length = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let data = LOCAL_HEADER + length(26) + length(28);
        local.get(data..).and_then(|data| data.get(..len)).ok_or_else(outside)
    }

    /// Never more bytes than the directory declares.
    fn inflate(&self) -> Result<Vec<u8>, Fault> {
        const FIRST_RESERVE: u64 = 1 << 20;
        let entry = self.archive.entry(self.index).map_err(|e| self.damaged(&e.to_string()))?;
        let mut reader = Cursor::new(self.source.clone());
        let file = entry
            .with_reader(&mut reader, ZipReadOptions::default())
            .map_err(|e| self.damaged(&e.to_string()))?;
        let mut bytes = Vec::with_capacity(self.size.min(FIRST_RESERVE) as usize);
        file.take(self.size.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| self.damaged(&format!("cannot be inflated: {e}")))?;
        if bytes.len() as u64 != self.size {
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

//! The bits of compressed data, with its stuffed zeros taken out.

use super::markers::RST0;
use super::{JpegError, Result};

/// Reads bits, most significant first, up to the next marker.
///
/// Beyond the marker the bits are zeros, so that a table may look ahead; using them up shows in
/// [`BitReader::check`].
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
    /// The next bits, from the top.
    bits: u64,
    /// How many of `bits` come from the data; negative once more have been used.
    count: i32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, position: 0, bits: 0, count: 0 }
    }

    /// Where in the data the reading stands. Never behind a marker.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Makes 32 bits available, as far as there are any.
    #[inline]
    pub(super) fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        let next = self.data.get(self.position..).and_then(<[u8]>::first_chunk::<8>);
        match next.map(|bytes| u64::from_be_bytes(*bytes)) {
            Some(word) if self.count >= 0 && !has_marker_byte(word) => {
                let taken = (64 - self.count) / 8;
                let unused = 64 - taken * 8;
                self.bits |= (word >> unused << unused) >> self.count;
                self.position += taken as usize;
                self.count += taken * 8;
            }
            _ => self.refill_bytewise(),
        }
    }

    #[cold]
    fn refill_bytewise(&mut self) {
        while (0..=56).contains(&self.count) {
            let (byte, len) = match self.data.get(self.position..) {
                Some([0xFF, 0, ..]) => (0xFF, 2),
                Some([0xFF, ..] | []) | None => return,
                Some([byte, ..]) => (*byte, 1),
            };
            self.bits |= u64::from(byte) << (56 - self.count);
            self.position += len;
            self.count += 8;
        }
    }

    /// The next `count` bits, 1 to 32, without using them up.
    #[inline]
    pub(super) fn peek(&self, count: u32) -> u32 {
        (self.bits >> (64 - count)) as u32
    }

    /// Uses up `count` bits, at most 32.
    #[inline]
    pub(super) fn consume(&mut self, count: u32) {
        self.bits <<= count;
        self.count -= count as i32;
    }

    /// The next `count` bits, 0 to 16, of those that [`BitReader::refill`] made available.
    #[inline]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        let value = (self.bits >> 32 >> (32 - count)) as u32;
        self.consume(count);
        value
    }

    #[inline]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        self.take(1) != 0
    }

    /// Fails if more bits have been used than there are.
    #[inline]
    pub(super) fn check(&self) -> Result<()> {
        if self.count < 0 { Err(JpegError::Truncated) } else { Ok(()) }
    }

    /// Goes on behind the next marker, which has to be the `index`th restart marker.
    pub(super) fn restart(&mut self, index: usize) -> Result<()> {
        let rest = self.data.get(self.position..).unwrap_or_default();
        let marker =
            rest.windows(2).position(|pair| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xFF));
        let at = self.position + marker.ok_or(JpegError::Truncated)?;
        if self.data[at + 1] != RST0 + (index % 8) as u8 {
            return Err(JpegError::Damaged("a restart marker is missing"));
        }
        *self = Self { data: self.data, position: at + 2, bits: 0, count: 0 };
        Ok(())
    }
}

/// Whether one of the eight bytes is 0xFF, which may be the beginning of a marker.
#[inline]
fn has_marker_byte(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    (!word).wrapping_sub(ONES) & word & (ONES << 7) != 0
}

//! A scan: which components it holds, and the walk over their blocks.

use super::bits::BitReader;
use super::frame::Frame;
use super::{JpegError, Result};

/// A scan's header.
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    /// The first and the last coefficient, in coded order.
    pub(super) band: (usize, usize),
    /// How many low bits were missing before this scan, zero for its first.
    pub(super) high: u32,
    /// How many low bits are missing after it.
    pub(super) low: u32,
}

/// One component of a scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Its index in the frame.
    pub(super) component: usize,
    /// Its Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// The state that a restart marker resets.
#[derive(Debug)]
pub(super) struct Entropy<'a> {
    pub(super) reader: BitReader<'a>,
    /// The last DC value of each part.
    pub(super) dc: [i32; 4],
    /// How many blocks to come have no new coefficients in this band.
    pub(super) empty_blocks: u32,
}

impl Scan {
    pub(super) fn read(body: &[u8], frame: &Frame) -> Result<Self> {
        let damaged = JpegError::Damaged("a scan header is malformed");
        let (&count, rest) = body.split_first().ok_or(damaged.clone())?;
        let (rows, rest) = rest.split_at_checked(usize::from(count) * 2).ok_or(damaged.clone())?;
        let &[first, last, bits] = rest else { return Err(damaged) };
        let mut parts = Vec::new();
        for &[id, tables] in rows.as_chunks::<2>().0 {
            let component = frame.components.iter().position(|c| c.id == id);
            let component = component.ok_or(damaged.clone())?;
            if parts.iter().any(|part: &Part| part.component == component) {
                return Err(damaged);
            }
            parts.push(Part {
                component,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        let band = (usize::from(first), usize::from(last));
        let scan = Self { parts, band, high: u32::from(bits >> 4), low: u32::from(bits & 15) };
        if scan.parts.is_empty() || frame.progressive && !scan.is_progressive() {
            return Err(damaged);
        }
        Ok(scan)
    }

    fn is_progressive(&self) -> bool {
        let band = match self.band {
            (0, last) => last == 0,
            (first, last) => first <= last && last < 64 && self.parts.len() == 1,
        };
        band && self.low <= 13
    }

    /// Calls `block` with the part's index and the block's column and row, for each block of the
    /// scan, in the order in which they are coded.
    pub(super) fn walk<'a>(
        &self,
        frame: &Frame,
        restart_interval: usize,
        data: &'a [u8],
        block: impl FnMut(&mut Entropy<'a>, usize, usize, usize) -> Result<()>,
    ) -> Result<usize> {
        let reader = BitReader::new(data);
        let mut walk = Walk {
            entropy: Entropy { reader, dc: [0; 4], empty_blocks: 0 },
            restart_interval,
            mcus: 0,
            block,
        };
        match *self.parts {
            [part] => walk.one(frame.components[part.component].blocks)?,
            _ => walk.interleaved(frame, &self.parts)?,
        }
        Ok(walk.entropy.reader.position())
    }
}

struct Walk<'a, F> {
    entropy: Entropy<'a>,
    restart_interval: usize,
    /// How many MCUs are done.
    mcus: usize,
    block: F,
}

impl<'a, F: FnMut(&mut Entropy<'a>, usize, usize, usize) -> Result<()>> Walk<'a, F> {
    fn one(&mut self, (columns, rows): (usize, usize)) -> Result<()> {
        for row in 0..rows {
            for column in 0..columns {
                self.begin_mcu()?;
                (self.block)(&mut self.entropy, 0, column, row)?;
                self.entropy.reader.check()?;
            }
        }
        Ok(())
    }

    fn interleaved(&mut self, frame: &Frame, parts: &[Part]) -> Result<()> {
        let sizes = parts.iter().map(|part| &frame.components[part.component]);
        let sizes = sizes.map(|component| (component.h, component.v)).collect::<Vec<_>>();
        for mcu_row in 0..frame.mcus.1 {
            for mcu_column in 0..frame.mcus.0 {
                self.begin_mcu()?;
                for (part, &(h, v)) in sizes.iter().enumerate() {
                    for i in 0..h * v {
                        let (column, row) = (mcu_column * h + i % h, mcu_row * v + i / h);
                        (self.block)(&mut self.entropy, part, column, row)?;
                    }
                }
                self.entropy.reader.check()?;
            }
        }
        Ok(())
    }

    fn begin_mcu(&mut self) -> Result<()> {
        let interval = self.restart_interval;
        if interval > 0 && self.mcus > 0 && self.mcus.is_multiple_of(interval) {
            self.entropy.reader.restart(self.mcus / interval - 1)?;
            self.entropy.dc = [0; 4];
            self.entropy.empty_blocks = 0;
        }
        self.mcus += 1;
        Ok(())
    }
}

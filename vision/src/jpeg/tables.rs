//! The tables that segments define for the scans after them.

use super::huffman::Huffman;
use super::markers::{DHT, DQT, DRI, Segment};
use super::standard;
use super::{JpegError, Result};

/// Where a block's coefficients lie, row by row, in the order in which they are coded.
pub(super) const ZIGZAG: [u8; 64] = zigzag();

/// The factor of each coefficient, row by row.
pub(super) type Quantisation = [i16; 64];

/// What is defined so far. The Huffman tables begin as the standard's examples, since frames of
/// motion JPEG leave those out.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    quantisation: [Option<Quantisation>; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    /// MCUs between restart markers, zero for no markers.
    pub(super) restart_interval: usize,
}

impl Tables {
    pub(super) fn new() -> Result<Self> {
        let [dc, ac] = [&standard::DC, &standard::AC].map(|tables| {
            let [luma, chroma] = tables.map(|(counts, symbols)| Huffman::new(counts, symbols));
            Ok([Some(luma?), Some(chroma?), None, None])
        });
        Ok(Self { quantisation: [None; 4], dc: dc?, ac: ac?, restart_interval: 0 })
    }

    /// Takes the definitions of a segment, if it has some.
    pub(super) fn read(&mut self, segment: Segment<'_>) -> Result<()> {
        match segment.marker {
            DQT => self.read_quantisation(segment.body),
            DHT => self.read_huffman(segment.body),
            DRI => match segment.body {
                &[high, low] => {
                    self.restart_interval = usize::from(u16::from_be_bytes([high, low]));
                    Ok(())
                }
                _ => Err(JpegError::Damaged("the restart interval is not two bytes")),
            },
            _ => Ok(()),
        }
    }

    pub(super) fn quantisation(&self, index: usize) -> Result<&Quantisation> {
        let table = self.quantisation.get(index).and_then(Option::as_ref);
        table.ok_or(JpegError::Damaged("a quantisation table is missing"))
    }

    pub(super) fn dc(&self, index: usize) -> Result<&Huffman> {
        let table = self.dc.get(index).and_then(Option::as_ref);
        table.ok_or(JpegError::Damaged("a Huffman table is missing"))
    }

    pub(super) fn ac(&self, index: usize) -> Result<&Huffman> {
        let table = self.ac.get(index).and_then(Option::as_ref);
        table.ok_or(JpegError::Damaged("a Huffman table is missing"))
    }

    fn read_quantisation(&mut self, mut body: &[u8]) -> Result<()> {
        let damaged = JpegError::Damaged("a quantisation table is malformed");
        while let [head, rest @ ..] = body {
            let (wide, index) = (head >> 4, usize::from(head & 15));
            let len = if wide == 0 { 64 } else { 128 };
            if wide > 1 || index > 3 || rest.len() < len {
                return Err(damaged);
            }
            let (values, after) = rest.split_at(len);
            let mut table = [0; 64];
            for (k, &place) in ZIGZAG.iter().enumerate() {
                let value = match wide {
                    0 => u16::from(values[k]),
                    _ => u16::from_be_bytes([values[2 * k], values[2 * k + 1]]),
                };
                table[usize::from(place)] = value as i16;
            }
            self.quantisation[index] = Some(table);
            body = after;
        }
        Ok(())
    }

    fn read_huffman(&mut self, mut body: &[u8]) -> Result<()> {
        let damaged = JpegError::Damaged("a Huffman table is malformed");
        while let [head, rest @ ..] = body {
            let (class, index) = (head >> 4, usize::from(head & 15));
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(damaged.clone())?;
            let count = counts.iter().map(|&count| usize::from(count)).sum::<usize>();
            if class > 1 || index > 3 || count > 256 || rest.len() < count {
                return Err(damaged);
            }
            let (symbols, after) = rest.split_at(count);
            let table = Huffman::new(counts, symbols)?;
            if class == 0 && !table.suits_dc() {
                return Err(damaged);
            }
            let tables = if class == 0 { &mut self.dc } else { &mut self.ac };
            tables[index] = Some(table);
            body = after;
        }
        Ok(())
    }
}

const fn zigzag() -> [u8; 64] {
    let mut order = [0; 64];
    let (mut row, mut column, mut k) = (0, 0, 0);
    while k < 64 {
        order[k] = row * 8 + column;
        k += 1;
        if (row + column) % 2 == 0 {
            (row, column) = match (row, column) {
                (_, 7) => (row + 1, 7),
                (0, _) => (0, column + 1),
                _ => (row - 1, column + 1),
            };
        } else {
            (row, column) = match (row, column) {
                (7, _) => (7, column + 1),
                (_, 0) => (row + 1, 0),
                _ => (row + 1, column - 1),
            };
        }
    }
    order
}

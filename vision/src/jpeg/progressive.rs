//! Progressive scans: each adds a band of coefficients, or a bit to those of a band.

use super::JpegError;
use super::Result;
use super::frame::Frame;
use super::huffman::Huffman;
use super::scan::{Entropy, Scan};
use super::tables::{Tables, ZIGZAG};

/// A block's coefficients, row by row.
pub(super) type Block = [i16; 64];

/// Adds a scan to the coefficients of its components. Returns how much of `data` it took.
pub(super) fn decode(
    scan: &Scan,
    frame: &Frame,
    tables: &Tables,
    data: &[u8],
    coefficients: &mut [Vec<Block>],
) -> Result<usize> {
    let band = Band { first: scan.band.0, last: scan.band.1, low: scan.low };
    let interval = tables.restart_interval;
    let place = |part: usize, column: usize, row: usize| {
        let component = scan.parts[part].component;
        (component, row * frame.components[component].padded.0 + column)
    };
    match (scan.band.0, scan.high) {
        (0, 0) => {
            let dc =
                scan.parts.iter().map(|part| tables.dc(part.dc)).collect::<Result<Vec<_>>>()?;
            scan.walk(frame, interval, data, |entropy, part, column, row| {
                let (component, place) = place(part, column, row);
                let (_, difference) = dc[part].next(&mut entropy.reader)?;
                entropy.dc[part] = entropy.dc[part].wrapping_add(difference);
                coefficients[component][place][0] = (entropy.dc[part] << scan.low) as i16;
                Ok(())
            })
        }
        (0, _) => scan.walk(frame, interval, data, |entropy, part, column, row| {
            let (component, place) = place(part, column, row);
            coefficients[component][place][0] |= i16::from(entropy.reader.bit()) << scan.low;
            Ok(())
        }),
        (_, high) => {
            let ac = tables.ac(scan.parts[0].ac)?;
            scan.walk(frame, interval, data, |entropy, part, column, row| {
                let (component, place) = place(part, column, row);
                let block = &mut coefficients[component][place];
                if high == 0 {
                    band.begin(entropy, ac, block)
                } else {
                    band.refine(entropy, ac, block)
                }
            })
        }
    }
}

struct Band {
    first: usize,
    last: usize,
    low: u32,
}

impl Band {
    /// Reads a block's coefficients but for their low bits.
    fn begin(&self, entropy: &mut Entropy<'_>, ac: &Huffman, block: &mut Block) -> Result<()> {
        if entropy.empty_blocks > 0 {
            entropy.empty_blocks -= 1;
            return Ok(());
        }
        let mut k = self.first;
        while k <= self.last {
            let (run, value) = ac.next(&mut entropy.reader)?;
            if value == 0 && run < 15 {
                entropy.empty_blocks = empty_blocks(entropy, run) - 1;
                break;
            }
            k += run as usize;
            if value != 0 {
                *self.coefficient(block, k)? = (value << self.low) as i16;
            }
            k += 1;
        }
        Ok(())
    }

    /// Reads one more bit of the coefficients known, and those that this bit makes known.
    fn refine(&self, entropy: &mut Entropy<'_>, ac: &Huffman, block: &mut Block) -> Result<()> {
        let mut k = self.first;
        while entropy.empty_blocks == 0 && k <= self.last {
            let (run, value) = ac.next(&mut entropy.reader)?;
            if value == 0 && run < 15 {
                entropy.empty_blocks = empty_blocks(entropy, run);
                break;
            }
            k = self.refine_known(entropy, block, k, run);
            if value != 0 {
                *self.coefficient(block, k)? = (value.signum() << self.low) as i16;
            }
            k += 1;
        }
        if entropy.empty_blocks > 0 {
            self.refine_known(entropy, block, k, u32::MAX);
            entropy.empty_blocks -= 1;
        }
        Ok(())
    }

    /// Adds a bit to each coefficient known from place `k` on, up to the zero after `zeros`
    /// others. Returns the place of that zero, or the one after the band.
    fn refine_known(
        &self,
        entropy: &mut Entropy<'_>,
        block: &mut Block,
        k: usize,
        mut zeros: u32,
    ) -> usize {
        let bit = 1_i16 << self.low;
        for k in k..=self.last {
            let coefficient = &mut block[usize::from(ZIGZAG[k])];
            if *coefficient == 0 {
                if zeros == 0 {
                    return k;
                }
                zeros -= 1;
            } else if entropy.reader.bit() && *coefficient & bit == 0 {
                let change = if *coefficient < 0 { -bit } else { bit };
                *coefficient = coefficient.wrapping_add(change);
            }
        }
        self.last + 1
    }

    fn coefficient<'b>(&self, block: &'b mut Block, k: usize) -> Result<&'b mut i16> {
        if k > self.last {
            return Err(JpegError::Damaged("a block has too much in it"));
        }
        Ok(&mut block[usize::from(ZIGZAG[k])])
    }
}

/// For how many blocks, this one included, the band is over.
fn empty_blocks(entropy: &mut Entropy<'_>, size: u32) -> u32 {
    entropy.reader.refill();
    (1 << size) + entropy.reader.take(size)
}

//! Huffman codes, and the coefficients they stand for.

use super::bits::BitReader;
use super::{JpegError, Result};

/// Codes up to this length are looked up.
const FAST: u32 = 10;

/// A code table: the symbol is the count of zero coefficients before the next one that is not
/// (high nibble), and the count of bits of that one (low nibble).
#[derive(Debug, Clone)]
pub(super) struct Huffman {
    /// By the next [`FAST`] bits, see [`entry`]; zero for longer codes.
    fast: Box<[u32; 1 << FAST]>,
    /// For each length the first 16-bit prefix that is beyond its codes.
    ends: [u32; 17],
    /// For each length what to add to a code to have its place in `symbols`.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// A table from the count of codes of length 1 to 16, and the symbols by rising code.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self> {
        let mut table = Self {
            fast: Box::new([0; 1 << FAST]),
            ends: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (len, &count) in (1_u32..).zip(counts) {
            table.offsets[len as usize] = place as i32 - code as i32;
            for &symbol in symbols.get(place..place + usize::from(count)).unwrap_or_default() {
                if code >> len != 0 {
                    return Err(JpegError::Damaged("a Huffman table has too many codes"));
                }
                if len <= FAST {
                    table.enter(code, len, symbol);
                }
                code += 1;
            }
            place += usize::from(count);
            table.ends[len as usize] = code << (16 - len);
            code <<= 1;
        }
        Ok(table)
    }

    fn enter(&mut self, code: u32, len: u32, symbol: u8) {
        let free = FAST - len;
        for rest in 0..1 << free {
            self.fast[(code << free | rest) as usize] = entry(len, symbol, rest, free);
        }
    }

    /// Whether every symbol is a bit count of a DC difference.
    pub(super) fn suits_dc(&self) -> bool {
        self.symbols.iter().all(|&symbol| symbol < 16)
    }

    /// The run of zeros before the next coefficient, and that coefficient: zero if the symbol
    /// has no bits.
    #[allow(clippy::inline_always, reason = "called for every coefficient")]
    #[inline(always)]
    pub(super) fn next(&self, reader: &mut BitReader<'_>) -> Result<(u32, i32)> {
        reader.refill();
        let mut entry = self.fast[reader.peek(FAST) as usize];
        if entry == 0 {
            entry = self.long(reader.peek(16))?;
        }
        reader.consume(entry & 0xFF);
        let size = entry >> 12 & 15;
        let value = if size == 0 { entry as i32 >> 16 } else { extend(reader.take(size), size) };
        Ok((entry >> 8 & 15, value))
    }

    #[cold]
    fn long(&self, prefix: u32) -> Result<u32> {
        let len = (FAST as usize + 1..=16).find(|&len| prefix < self.ends[len]);
        let len = len.ok_or(JpegError::Damaged("a code is in no Huffman table"))?;
        let place = (prefix >> (16 - len)) as i32 + self.offsets[len];
        let symbol = self.symbols.get(place as usize).copied();
        let symbol = symbol.ok_or(JpegError::Damaged("a code is in no Huffman table"))?;
        Ok(entry(len as u32, symbol, 0, 0))
    }
}

/// What [`Huffman::next`] does after a code, from the lowest bit: 8 bits for the bits to use up,
/// 4 for the run, 4 for the coefficient's bits that are still to be read, and 16 for the
/// coefficient, if the `free` bits of `rest` that follow the code hold all of it.
fn entry(len: u32, symbol: u8, rest: u32, free: u32) -> u32 {
    let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    if size == 0 || size > free {
        return len | run << 8 | size << 12;
    }
    let value = extend(rest >> (free - size), size);
    (len + size) | run << 8 | (value as u32) << 16
}

/// A coefficient from its `size` bits, 1 to 15: those that begin with a zero are negative.
#[inline]
fn extend(bits: u32, size: u32) -> i32 {
    let negative = (bits >> (size - 1)) as i32 - 1;
    bits as i32 + (negative & (1 - (1 << size)))
}

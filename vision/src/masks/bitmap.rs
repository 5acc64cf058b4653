use super::Rle;
use crate::{Result, Size, VisionError};

/// A mask with one bit a pixel, rows top to bottom.
///
/// Each row starts on a fresh 64-bit word; the lowest bit is the leftmost pixel, and bits past
/// the row's end are zero.
#[derive(Clone, PartialEq, Eq)]
pub struct BitMask {
    size: Size,
    words: Vec<u64>,
}

impl BitMask {
    /// A mask with no pixel set.
    ///
    /// # Errors
    /// If the size is empty or too large.
    pub fn new(size: Size) -> Result<Self> {
        size.checked_pixels()?;
        Ok(Self { size, words: vec![0; size.width.div_ceil(64) * size.height] })
    }

    /// Takes one `bool` a pixel, `[height, width]`.
    ///
    /// # Errors
    /// If the size is empty or too large, or the length is not `height * width`.
    pub fn from_bools(size: Size, pixels: &[bool]) -> Result<Self> {
        if pixels.len() != size.checked_pixels()? {
            let expected = format!("{} x {}", size.height, size.width);
            return Err(VisionError::shape("mask", &[pixels.len()], &expected));
        }
        let mut mask = Self::new(size)?;
        let stride = mask.stride();
        for (row, words) in pixels.chunks_exact(size.width).zip(mask.words.chunks_mut(stride)) {
            for (bits, word) in row.chunks(64).zip(words) {
                *word = bits.iter().rev().fold(0, |word, &bit| word << 1 | u64::from(bit));
            }
        }
        Ok(mask)
    }

    /// The mask's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Whether the pixel at column `x` and row `y` is set; pixels outside are not.
    pub fn get(&self, x: usize, y: usize) -> bool {
        x < self.size.width
            && y < self.size.height
            && self.words[y * self.stride() + x / 64] >> (x % 64) & 1 == 1
    }

    /// Sets or clears the pixel at column `x` and row `y`; outside the mask nothing happens.
    pub fn set(&mut self, x: usize, y: usize, value: bool) {
        if x < self.size.width && y < self.size.height {
            let at = y * self.stride() + x / 64;
            let bit = 1 << (x % 64);
            self.words[at] = if value { self.words[at] | bit } else { self.words[at] & !bit };
        }
    }

    /// The words of row `y`.
    ///
    /// # Panics
    /// If `y` is not below the height.
    pub fn row(&self, y: usize) -> &[u64] {
        &self.words[y * self.stride()..][..self.stride()]
    }

    /// The number of pixels set.
    pub fn area(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// One `bool` a pixel, `[height, width]`.
    pub fn to_bools(&self) -> Vec<bool> {
        let bit = |words: &[u64], x: usize| words[x / 64] >> (x % 64) & 1 == 1;
        let row = |words| (0..self.size.width).map(move |x| bit(words, x));
        self.words.chunks_exact(self.stride()).flat_map(row).collect()
    }

    /// The same mask as COCO run lengths.
    pub fn to_rle(&self) -> Rle {
        let Size { width, height } = self.size;
        let mut ends = vec![0_usize; width + 1];
        self.for_each_change(|x, _| ends[x + 1] += 1);
        for x in 0..width {
            ends[x + 1] += ends[x];
        }
        let mut changes = vec![0_u32; ends[width]];
        let mut next = ends.clone();
        self.for_each_change(|x, y| {
            changes[next[x]] = y as u32;
            next[x] += 1;
        });

        let mut runs = Runs::default();
        for x in 0..width {
            let mut set = false;
            let mut from = 0;
            for &y in &changes[ends[x]..ends[x + 1]] {
                runs.push(set, y - from);
                (set, from) = (!set, y);
            }
            runs.push(set, height as u32 - from);
        }
        runs.finish(self.size)
    }

    /// Makes a mask from the places where a column changes, going down from an unset pixel above
    /// the top row. A change at row `height` is ignored.
    pub(super) fn from_changes(size: Size, changes: impl Iterator<Item = (usize, usize)>) -> Self {
        let stride = size.width.div_ceil(64);
        let mut words = vec![0; stride * size.height];
        for (x, y) in changes.filter(|&(_, y)| y < size.height) {
            words[y * stride + x / 64] ^= 1_u64 << (x % 64);
        }
        for at in stride..words.len() {
            words[at] ^= words[at - stride];
        }
        Self { size, words }
    }

    /// Calls `change(x, y)` where a pixel differs from the one above it, top to bottom.
    fn for_each_change(&self, mut change: impl FnMut(usize, usize)) {
        let stride = self.stride();
        for (at, &word) in self.words.iter().enumerate() {
            let above = if at < stride { 0 } else { self.words[at - stride] };
            let mut bits = word ^ above;
            while bits != 0 {
                change(at % stride * 64 + bits.trailing_zeros() as usize, at / stride);
                bits &= bits - 1;
            }
        }
    }

    fn stride(&self) -> usize {
        self.size.width.div_ceil(64)
    }
}

impl std::fmt::Debug for BitMask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BitMask({}, {} set)", self.size, self.area())
    }
}

/// Collects runs in column-major order, joining neighbours of one value.
#[derive(Default)]
pub(crate) struct Runs {
    counts: Vec<u32>,
    set: bool,
    run: u32,
}

impl Runs {
    /// Appends `count` pixels of a value.
    pub(crate) fn push(&mut self, set: bool, count: u32) {
        if count == 0 {
            return;
        }
        if set != self.set {
            self.counts.push(self.run);
            (self.set, self.run) = (set, 0);
        }
        self.run += count;
    }

    /// The mask, whose pixels must all have been pushed.
    pub(crate) fn finish(mut self, size: Size) -> Rle {
        self.counts.push(self.run);
        Rle::trusted(size, self.counts)
    }
}

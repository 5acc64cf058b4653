use serde::{Deserialize, Serialize};

use super::{BitMask, codec};
use crate::{Result, Size, VisionError};

/// A mask as COCO run lengths: pixels column by column, runs of unset and set in turn, beginning
/// with unset (possibly none).
///
/// In JSON: `{"size": [height, width], "counts": "..."}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Rle {
    size: Size,
    counts: Vec<u32>,
}

impl Rle {
    /// Takes run lengths.
    ///
    /// # Errors
    /// If the size is empty or too large, or the runs do not add up to its pixels.
    pub fn from_counts(size: Size, counts: Vec<u32>) -> Result<Self> {
        let pixels = size.checked_pixels()?;
        let sum: u64 = counts.iter().map(|&count| u64::from(count)).sum();
        if sum != pixels as u64 {
            return Err(VisionError::rle(format!("covers {sum} pixels, {size} has {pixels}")));
        }
        Ok(Self { size, counts })
    }

    /// Reads the compressed string of COCO's files.
    ///
    /// # Errors
    /// If the string is malformed, or its runs do not add up to the pixels of `size`.
    pub fn from_compressed(size: Size, counts: &[u8]) -> Result<Self> {
        let pixels = size.checked_pixels()?;
        Self::from_counts(size, codec::decode(counts, pixels)?)
    }

    /// The compressed string of COCO's files.
    pub fn to_compressed(&self) -> String {
        codec::encode(&self.counts)
    }

    /// The mask's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The run lengths.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The number of pixels set.
    pub fn area(&self) -> usize {
        self.counts.iter().skip(1).step_by(2).map(|&count| count as usize).sum()
    }

    /// The smallest box around the pixels set, `[x, y, width, height]`; zeros if there are none.
    pub fn bbox(&self) -> [usize; 4] {
        let height = self.size.height;
        let (mut x0, mut x1, mut y0, mut y1) = (usize::MAX, 0, usize::MAX, 0);
        for (start, end) in self.set_runs() {
            let (first, last) = (start / height, (end - 1) / height);
            (x0, x1) = (x0.min(first), x1.max(last));
            if first == last {
                (y0, y1) = (y0.min(start % height), y1.max((end - 1) % height));
            } else {
                (y0, y1) = (0, height - 1);
            }
        }
        if x0 == usize::MAX { [0; 4] } else { [x0, y0, x1 - x0 + 1, y1 - y0 + 1] }
    }

    /// Intersection over union with another mask; 0 if both are empty.
    ///
    /// # Errors
    /// If the sizes differ.
    pub fn iou(&self, other: &Self) -> Result<f64> {
        if self.size != other.size {
            let reason = format!("of {} meets one of {}", self.size, other.size);
            return Err(VisionError::rle(reason));
        }
        let mut both = 0;
        let mut others = other.set_runs().peekable();
        for (start, end) in self.set_runs() {
            while let Some(&(from, to)) = others.peek() {
                both += end.min(to).saturating_sub(start.max(from));
                if to > end {
                    break;
                }
                others.next();
            }
        }
        let union = self.area() + other.area() - both;
        Ok(if union == 0 { 0.0 } else { both as f64 / union as f64 })
    }

    /// The same mask as a bitmap.
    pub fn to_bitmap(&self) -> BitMask {
        let height = self.size.height;
        let place = |at: usize| (at / height, at % height);
        let changes = self.set_runs().flat_map(|(start, end)| {
            let tops = (start / height + 1..=(end - 1) / height).map(|x| (x, 0));
            let (x, y) = place(end - 1);
            std::iter::once(place(start)).chain(tops).chain([(x, y + 1)])
        });
        BitMask::from_changes(self.size, changes)
    }

    /// The half-open ranges of pixels set, in column-major order.
    pub(crate) fn set_runs(&self) -> impl Iterator<Item = (usize, usize)> {
        let mut at = 0;
        self.counts.iter().enumerate().filter_map(move |(i, &count)| {
            let start = at;
            at += count as usize;
            (i % 2 == 1 && count > 0).then_some((start, at))
        })
    }

    /// Crate-internal constructor for runs that add up by construction.
    pub(super) fn trusted(size: Size, counts: Vec<u32>) -> Self {
        debug_assert_eq!(counts.iter().map(|&c| c as usize).sum::<usize>(), size.pixels());
        Self { size, counts }
    }
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
struct Wire {
    size: [usize; 2],
    counts: String,
}

impl From<Rle> for Wire {
    fn from(rle: Rle) -> Self {
        Self { size: [rle.size.height, rle.size.width], counts: rle.to_compressed() }
    }
}

impl TryFrom<Wire> for Rle {
    type Error = VisionError;

    fn try_from(wire: Wire) -> Result<Self> {
        let [height, width] = wire.size;
        Self::from_compressed(Size { width, height }, wire.counts.as_bytes())
    }
}

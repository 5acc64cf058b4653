//! Where the rows of a product's left-hand side are.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::rounded::Rounded;
use super::tile::{MAX_MR, VECTOR_MR};
use crate::Factors;
use crate::simd::Simd;

/// Taps whose pointers are kept at a time.
pub(crate) const MAX_TAPS: usize = 64;
/// Floats that a [`Source`] may copy for one tile.
pub(crate) const PATCH: usize = 3 * 4096;
/// What stands for the output's row where there is none.
pub(crate) const GAP: usize = usize::MAX;

/// Where the rows of the left-hand side are.
pub(crate) trait Source: Sync {
    /// Whether some rows of the product are no rows of the output: [`GAP`].
    const HAS_GAPS: bool = false;

    /// Whether rows are in thirds, where a product is of those.
    const IS_CUT: bool = false;

    /// Writes to `table[t][at + i]` the address of the `k` floats that tap `taps.start + t` of row `rows.start + i` reads. It
    /// may copy floats to `patch`.
    fn gather(&self, rows: Range<usize>, at: usize, taps: Range<usize>, table: &mut Table);

    /// The same for rows of one line in pairs of bf16, into which floats that are read are made, or in thirds: of each tap the
    /// first two addresses. Whether it can, as all that are in thirds must.
    #[inline(always)]
    fn gather_line<S: Simd>(
        &self,
        _: S,
        _rows: Range<usize>,
        _at: usize,
        _left: Left,
        _table: &mut Table,
        _rounded: &mut Rounded,
    ) -> bool {
        false
    }

    /// How many rows are equally far apart in all taps, if not all are: each line of as many.
    fn line(&self) -> Option<usize> {
        None
    }

    /// Which row of the output row `row` of the product is.
    #[inline(always)]
    fn output(&self, row: usize) -> usize {
        row
    }
}

/// What each row of a product of pairs is.
#[derive(Clone, Copy)]
pub(crate) struct Left {
    pub(crate) taps: usize,
    /// Numbers of a tap.
    pub(crate) k: usize,
    pub(crate) reads: Factors,
}

/// Pointers of one tile.
pub(crate) struct Table<'a> {
    pub(crate) rows: &'a mut [[*const f32; MAX_MR]],
    pub(crate) patch: [MaybeUninit<f32>; PATCH],
}

/// Lets pointers be `step` floats apart. The length of the loop is a constant, what lies behind `count` is not read.
#[inline(always)]
pub(crate) fn space(to: &mut [*const f32], count: usize, first: *const f32, step: usize) {
    let to = if count <= VECTOR_MR && to.len() >= VECTOR_MR { &mut to[..VECTOR_MR] } else { to };
    for (i, to) in to.iter_mut().enumerate() {
        *to = first.wrapping_add(i * step);
    }
}

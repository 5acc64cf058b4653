//! Packing at run time, for right-hand sides that are activations.

use crate::Factors;
use crate::simd::{Kernel, Simd};

/// Lanes of the widest vectors.
const MAX_LANES: usize = 16;

/// Copies columns of a matrix to a panel `[factors.floats(k)][width]`, zero where columns end.
#[derive(Clone, Copy)]
pub(crate) struct PackPanel {
    /// The first element of the first column.
    pub(crate) from: *const f32,
    /// Floats from one row in memory to the next.
    pub(crate) ld: usize,
    /// Whether rows in memory are the columns of the matrix.
    pub(crate) transposed: bool,
    pub(crate) factors: Factors,
    pub(crate) k: usize,
    pub(crate) columns: usize,
    pub(crate) width: usize,
    pub(crate) to: *mut f32,
}

impl Kernel for PackPanel {
    type Output = ();

    /// The maker vouches for the matrix and for `factors.floats(k) * width` floats at `to`.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match (self.factors, self.transposed) {
            (Factors::F32, false) => self.copy(s),
            (Factors::F32, true) => self.transpose::<S, false>(s),
            (Factors::Bf16, false) => self.copy_pairs(s),
            (Factors::Bf16, true) => self.transpose::<S, true>(s),
        }
    }
}

impl PackPanel {
    #[inline(always)]
    fn copy<S: Simd>(self, s: S) {
        for p in 0..self.k {
            for at in (0..self.width).step_by(S::LANES) {
                // SAFETY: the panel has `k` rows of `width` floats, a multiple of the lanes.
                unsafe { s.store_ptr(self.row(s, p, at), self.to.add(p * self.width + at)) };
            }
        }
    }

    /// Two rows at a time.
    #[inline(always)]
    fn copy_pairs<S: Simd>(self, s: S) {
        for p in 0..self.factors.floats(self.k) {
            for at in (0..self.width).step_by(S::LANES) {
                let [low, high] = s.zip(self.row(s, 2 * p, at), self.row(s, 2 * p + 1, at));
                // SAFETY: the panel has as many rows of `width` floats, a multiple of the lanes.
                unsafe { s.store_ptr(s.pairs(low, high), self.to.add(p * self.width + at)) };
            }
        }
    }

    /// Columns from `at` on of a row, zeros behind the last.
    #[inline(always)]
    fn row<S: Simd>(self, s: S, p: usize, at: usize) -> S::F32 {
        let count = if p < self.k { S::LANES.min(self.columns.saturating_sub(at)) } else { 0 };
        // SAFETY: row `p` has `columns` floats.
        unsafe { s.load_ptr_partial(self.from.wrapping_add(p * self.ld + at), count) }
    }

    /// Squares of as many rows as lanes.
    #[inline(always)]
    fn transpose<S: Simd, const PAIRS: bool>(self, s: S) {
        let floats = self.factors.floats(self.k);
        for column in (0..self.width).step_by(S::LANES) {
            for p in (0..floats).step_by(S::LANES) {
                let mut square = [s.zero(); MAX_LANES];
                for (i, row) in square[..S::LANES].iter_mut().enumerate() {
                    if column + i < self.columns {
                        *row = self.column::<S, PAIRS>(s, column + i, p);
                    }
                }
                transpose(s, &mut square);
                for (i, row) in square[..S::LANES.min(floats - p)].iter().enumerate() {
                    // SAFETY: the panel has `floats` rows of `width` floats, a multiple of the lanes.
                    unsafe { s.store_ptr(*row, self.to.add((p + i) * self.width + column)) };
                }
            }
        }
    }

    /// Of a column that is a row in memory, the floats or pairs from `p` on, zeros behind the last.
    #[inline(always)]
    fn column<S: Simd, const PAIRS: bool>(self, s: S, column: usize, p: usize) -> S::F32 {
        let part = |first: usize| {
            let count = S::LANES.min(self.k.saturating_sub(first));
            let from = self.from.wrapping_add(column * self.ld + first);
            // SAFETY: the column has `k` floats, `count` of them from `first` on.
            unsafe {
                if count == S::LANES { s.load_ptr(from) } else { s.load_ptr_partial(from, count) }
            }
        };
        if PAIRS { s.pairs(part(2 * p), part(2 * p + S::LANES)) } else { part(p) }
    }
}

/// Swaps rows and columns: zipping each row with the one half the rows on, as often as it takes to halve them to one.
#[inline(always)]
fn transpose<S: Simd>(s: S, square: &mut [S::F32; MAX_LANES]) {
    let half = S::LANES / 2;
    for _ in 0..S::LANES.trailing_zeros() {
        let from = *square;
        for i in 0..half {
            [square[2 * i], square[2 * i + 1]] = s.zip(from[i], from[i + half]);
        }
    }
}

//! Packing at run time, for right-hand sides that are activations.

use crate::simd::bf16::pairs_of_thirds;
use crate::simd::{Kernel, Simd};
use crate::{Factors, Products};

/// Lanes of the widest vectors.
const MAX_LANES: usize = 16;

/// Copies columns of a matrix to a panel `[products.floats(k)][width]`, zero where columns end.
#[derive(Clone, Copy)]
pub(crate) struct PackPanel {
    /// The first element of the first column.
    pub(crate) from: *const f32,
    /// Floats from one row in memory to the next.
    pub(crate) ld: usize,
    /// Whether rows in memory are the columns of the matrix.
    pub(crate) transposed: bool,
    pub(crate) products: Products,
    pub(crate) k: usize,
    pub(crate) columns: usize,
    pub(crate) width: usize,
    pub(crate) to: *mut f32,
}

impl Kernel for PackPanel {
    type Output = ();

    /// The maker vouches for the matrix and for `products.floats(k) * width` floats at `to`.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match (self.products, self.transposed) {
            (Products::F32, false) => self.copy(s),
            (Products::Bf16, false) => self.copy_pairs::<S, 1>(s),
            (Products::Bf16x3, false) => self.copy_pairs::<S, 3>(s),
            (Products::F32 | Products::Bf16, true) => self.transpose::<S, 1>(s),
            (Products::Bf16x3, true) => self.transpose::<S, 3>(s),
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

    /// Two rows at a time, in `PARTS`.
    #[inline(always)]
    fn copy_pairs<S: Simd, const PARTS: usize>(self, s: S) {
        let depth = Factors::Bf16.floats(self.k);
        for p in 0..depth {
            for at in (0..self.width).step_by(S::LANES) {
                let [low, high] = s.zip(self.row(s, 2 * p, at), self.row(s, 2 * p + 1, at));
                let parts = self.parts(s, low, high);
                for (index, part) in parts[..PARTS].iter().enumerate() {
                    let row = index * depth + p;
                    // SAFETY: the panel has `PARTS * depth` rows of `width` floats, a multiple of the lanes.
                    unsafe { s.store_ptr(*part, self.to.add(row * self.width + at)) };
                }
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

    /// Squares of as many rows as lanes, in `PARTS`.
    #[inline(always)]
    fn transpose<S: Simd, const PARTS: usize>(self, s: S) {
        let depth = self.products.floats(self.k) / PARTS;
        for column in (0..self.width).step_by(S::LANES) {
            for p in (0..depth).step_by(S::LANES) {
                let mut squares = [[s.zero(); MAX_LANES]; PARTS];
                for i in 0..S::LANES.min(self.columns.saturating_sub(column)) {
                    let parts = self.column(s, column + i, p);
                    for (square, part) in squares.iter_mut().zip(parts) {
                        square[i] = part;
                    }
                }
                for (index, square) in squares.iter_mut().enumerate() {
                    transpose(s, square);
                    for (i, row) in square[..S::LANES.min(depth - p)].iter().enumerate() {
                        let to = (index * depth + p + i) * self.width + column;
                        // SAFETY: the panel has `PARTS * depth` rows of `width` floats, a multiple of the lanes.
                        unsafe { s.store_ptr(*row, self.to.add(to)) };
                    }
                }
            }
        }
    }

    /// Of a column that is a row in memory, the parts of the floats or pairs from `p` on, zeros behind the last.
    #[inline(always)]
    fn column<S: Simd>(self, s: S, column: usize, p: usize) -> [S::F32; 3] {
        let part = |first: usize| {
            let count = S::LANES.min(self.k.saturating_sub(first));
            let from = self.from.wrapping_add(column * self.ld + first);
            // SAFETY: the column has `k` floats, `count` of them from `first` on.
            unsafe {
                if count == S::LANES { s.load_ptr(from) } else { s.load_ptr_partial(from, count) }
            }
        };
        match self.products {
            Products::F32 => [part(p), s.zero(), s.zero()],
            Products::Bf16 | Products::Bf16x3 => self.parts(s, part(2 * p), part(2 * p + S::LANES)),
        }
    }

    /// The pairs of two vectors, whole or in thirds.
    #[inline(always)]
    fn parts<S: Simd>(self, s: S, low: S::F32, high: S::F32) -> [S::F32; 3] {
        if self.products == Products::Bf16x3 {
            pairs_of_thirds(s, low, high)
        } else {
            [s.pairs(low, high), s.zero(), s.zero()]
        }
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

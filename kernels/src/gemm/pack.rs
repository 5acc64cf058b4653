//! Packing at run time, for right-hand sides that are activations.

use crate::simd::{Kernel, Simd};

/// Lanes of the widest vectors.
const MAX_LANES: usize = 16;

/// Copies columns of a matrix to a panel `[k][width]`, zero where columns end.
#[derive(Clone, Copy)]
pub(crate) struct PackPanel {
    /// The first element of the first column.
    pub(crate) from: *const f32,
    /// Floats from one row in memory to the next.
    pub(crate) ld: usize,
    /// Whether rows in memory are the columns of the matrix.
    pub(crate) transposed: bool,
    pub(crate) k: usize,
    pub(crate) columns: usize,
    pub(crate) width: usize,
    pub(crate) to: *mut f32,
}

impl Kernel for PackPanel {
    type Output = ();

    /// The maker vouches for the matrix and for `k * width` floats at `to`.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        if self.transposed { self.transpose(s) } else { self.copy(s) }
    }
}

impl PackPanel {
    #[inline(always)]
    fn copy<S: Simd>(self, s: S) {
        for p in 0..self.k {
            for at in (0..self.width).step_by(S::LANES) {
                let count = S::LANES.min(self.columns.saturating_sub(at));
                // SAFETY: row `p` has `columns` floats, the panel `width`, a multiple of the lanes.
                unsafe {
                    let x = s.load_ptr_partial(self.from.wrapping_add(p * self.ld + at), count);
                    s.store_ptr(x, self.to.add(p * self.width + at));
                }
            }
        }
    }

    /// Squares of as many rows as lanes.
    #[inline(always)]
    fn transpose<S: Simd>(self, s: S) {
        for column in (0..self.width).step_by(S::LANES) {
            for p in (0..self.k).step_by(S::LANES) {
                let count = S::LANES.min(self.k - p);
                let mut square = [s.zero(); MAX_LANES];
                for (i, row) in square[..S::LANES].iter_mut().enumerate() {
                    if column + i < self.columns {
                        let from = self.from.wrapping_add((column + i) * self.ld + p);
                        // SAFETY: the column has `k` floats, `count` of them from `p` on.
                        *row = unsafe {
                            if count == S::LANES {
                                s.load_ptr(from)
                            } else {
                                s.load_ptr_partial(from, count)
                            }
                        };
                    }
                }
                transpose(s, &mut square);
                for (i, row) in square[..count].iter().enumerate() {
                    // SAFETY: the panel has `k` rows of `width` floats, a multiple of the lanes.
                    unsafe { s.store_ptr(*row, self.to.add((p + i) * self.width + column)) };
                }
            }
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

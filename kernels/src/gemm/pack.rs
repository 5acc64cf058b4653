//! Packing at run time, for right-hand sides that are activations.

use crate::simd::{Kernel, Simd};

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
        if self.transposed { self.transpose() } else { self.copy(s) }
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

    #[inline(always)]
    fn transpose(self) {
        const BLOCK: usize = 16;
        for start in (0..self.k).step_by(BLOCK) {
            let end = self.k.min(start + BLOCK);
            for column in 0..self.width {
                for p in start..end {
                    // SAFETY: column `column` has `k` floats, the panel `k * width`.
                    unsafe {
                        let x = if column < self.columns {
                            *self.from.add(column * self.ld + p)
                        } else {
                            0.0
                        };
                        *self.to.add(p * self.width + column) = x;
                    }
                }
            }
        }
    }
}

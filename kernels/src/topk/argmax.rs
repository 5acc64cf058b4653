//! Where the largest element is.

use crate::simd::{Kernel, Simd, dispatch};
use crate::split::rows_mut;
use crate::vectors::max_of;
use crate::{Context, Rows};

/// The index of the largest element of each row, the lowest of several: `[rows, width] -> [rows]`.
///
/// # Panics
/// When `out` has another length than there are rows.
pub fn argmax(ctx: Context, x: Rows, out: &mut [i32]) {
    assert_eq!(x.rows(), out.len());
    rows_mut(ctx.pool, out, 1, 2 * x.width(), |first, out| {
        dispatch(ctx.isa, Run { x, first, out });
    });
}

struct Run<'a> {
    x: Rows<'a>,
    first: usize,
    out: &'a mut [i32],
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (i, out) in self.out.iter_mut().enumerate() {
            let x = self.x.row(self.first + i);
            // SAFETY: the row has that many floats.
            let max = unsafe { max_of(s, x.as_ptr(), x.len()) };
            #[allow(clippy::float_cmp, reason = "it is one of them")]
            let found = x.iter().position(|&v| v == max || max.is_nan() && v.is_nan());
            *out = found.unwrap_or(0) as i32;
        }
    }
}

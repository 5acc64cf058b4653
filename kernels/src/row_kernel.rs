//! Kernels that make each row of their output by itself.

use crate::simd::{Kernel, Simd, dispatch, dispatch_bf16};
use crate::split::each_part;
use crate::{Context, RowsMut};

/// An algorithm for one row of an output.
pub(crate) trait RowKernel: Sync {
    /// Makes row `i` of the output. Implementations are `#[inline(always)]`.
    fn row<S: Simd>(&self, s: S, i: usize, out: &mut [f32]);
}

/// Makes all rows of `out` on the threads of `ctx`, where one is `cost` elements of work.
pub(crate) fn each_row(ctx: Context, out: RowsMut, cost: usize, kernel: &impl RowKernel) {
    each_part(ctx.pool, out, cost, |first, out| dispatch(ctx.isa, Part { kernel, first, out }));
}

/// The same for rows of pairs, with the instructions that round.
pub(crate) fn each_row_of_pairs(ctx: Context, out: RowsMut, cost: usize, kernel: &impl RowKernel) {
    each_part(ctx.pool, out, cost, |first, out| {
        dispatch_bf16(ctx.isa, Part { kernel, first, out });
    });
}

/// The rows of `out`, from row `first` of the whole output on.
struct Part<'a, K> {
    kernel: &'a K,
    first: usize,
    out: RowsMut<'a>,
}

impl<K: RowKernel> Kernel for Part<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for i in 0..self.out.rows() {
            self.kernel.row(s, self.first + i, self.out.row_mut(i));
        }
    }
}

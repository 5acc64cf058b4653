//! Batch normalisation at inference: a factor and a summand per channel.

use crate::Context;
use crate::activation::{Activation, run_strided};
use crate::rows::{Rows, RowsMut};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::rows_mut;

/// `out[i, c] = activation(x[i, c] scale[c] + shift[c])`.
///
/// # Panics
/// When extents disagree.
pub fn scale_shift(
    ctx: Context,
    scale: &[f32],
    shift: &[f32],
    activation: Activation,
    x: Rows,
    out: RowsMut,
) {
    let (width, ld) = (x.width, out.ld);
    assert_eq!((x.count(), width), (out.count(), out.width));
    assert_eq!([scale.len(), shift.len()], [width; 2]);
    rows_mut(ctx.pool, out.data, ld, width, |first, out| {
        dispatch(ctx.isa, Run { scale, shift, activation, x, first, out, ld });
    });
}

/// The rows from `first` on that fit in `out`.
struct Run<'a> {
    scale: &'a [f32],
    shift: &'a [f32],
    activation: Activation,
    x: Rows<'a>,
    first: usize,
    out: &'a mut [f32],
    ld: usize,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (i, out) in self.out.chunks_mut(self.ld).enumerate() {
            let Some(out) = out.get_mut(..self.x.width) else { return };
            let x = self.x.row(self.first + i);
            for at in (0..x.len()).step_by(S::LANES) {
                let [v, scale, shift] =
                    [x, self.scale, self.shift].map(|from| s.load_partial(&from[at..]));
                s.store_partial(s.mul_add(v, scale, shift), &mut out[at..]);
            }
            // SAFETY: the row can be read and written.
            unsafe { run_strided(S::ISA, self.activation, out.as_mut_ptr(), out.len(), 1) };
        }
    }
}

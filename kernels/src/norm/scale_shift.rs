//! Batch normalisation at inference: a factor and a summand per channel.

use crate::activation::{Activation, run_strided};
use crate::row_kernel::{RowKernel, each_row};
use crate::simd::Simd;
use crate::vectors::{load_up_to, store_up_to};
use crate::{Context, Rows, RowsMut};

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
    assert_eq!(x.extents(), out.extents());
    assert_eq!([scale.len(), shift.len()], [x.width(); 2]);
    each_row(ctx, out, x.width(), &ScaleShift { scale, shift, activation, x });
}

struct ScaleShift<'a> {
    scale: &'a [f32],
    shift: &'a [f32],
    activation: Activation,
    x: Rows<'a>,
}

impl RowKernel for ScaleShift<'_> {
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, i: usize, out: &mut [f32]) {
        // SAFETY: the rows and the parameters have as many floats.
        unsafe {
            let (scale, shift) = (self.scale.as_ptr(), self.shift.as_ptr());
            multiply_add(s, scale, shift, self.x.row(i), out.as_mut_ptr());
            run_strided(S::ISA, self.activation, out.as_mut_ptr(), out.len(), 1);
        }
    }
}

/// # Safety
/// As many floats as `x` has can be read at `scale` and `shift` and written at `out`.
#[inline(always)]
unsafe fn multiply_add<S: Simd>(
    s: S,
    scale: *const f32,
    shift: *const f32,
    x: &[f32],
    out: *mut f32,
) {
    for at in (0..x.len()).step_by(S::LANES) {
        let left = x.len() - at;
        // SAFETY: the caller's contract.
        unsafe {
            let v = load_up_to(s, x.as_ptr().add(at), left);
            let scale = load_up_to(s, scale.add(at), left);
            let shift = load_up_to(s, shift.add(at), left);
            store_up_to(s, s.mul_add(v, scale, shift), out.add(at), left);
        }
    }
}

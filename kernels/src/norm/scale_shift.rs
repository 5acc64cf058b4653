//! Batch normalisation at inference: a factor and a summand per channel.

use crate::activation::{Activation, run_strided};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::each_part;
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
    each_part(ctx.pool, out, x.width(), |first, out| {
        dispatch(ctx.isa, Run { scale, shift, activation, x, first, out });
    });
}

/// The rows of `out`, from row `first` on.
struct Run<'a> {
    scale: &'a [f32],
    shift: &'a [f32],
    activation: Activation,
    x: Rows<'a>,
    first: usize,
    out: RowsMut<'a>,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for i in 0..self.out.rows() {
            let (x, out) = (self.x.row(self.first + i), self.out.row_mut(i));
            // SAFETY: the row and the parameters have as many floats.
            unsafe { row(s, self.scale.as_ptr(), self.shift.as_ptr(), x, out.as_mut_ptr()) };
            // SAFETY: the row can be read and written.
            unsafe { run_strided(S::ISA, self.activation, out.as_mut_ptr(), out.len(), 1) };
        }
    }
}

/// # Safety
/// As many floats as `x` has can be read at `scale` and `shift` and written at `out`.
#[inline(always)]
unsafe fn row<S: Simd>(s: S, scale: *const f32, shift: *const f32, x: &[f32], out: *mut f32) {
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

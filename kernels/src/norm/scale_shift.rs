//! Batch normalisation at inference: a factor and a summand per channel.

use crate::Context;
use crate::activation::{Activation, run_strided};
use crate::rows::{Rows, RowsMut};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::rows_mut;
use crate::vectors::{load_up_to, store_up_to};

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

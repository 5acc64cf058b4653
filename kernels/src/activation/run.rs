//! Activations of whole slices.

use super::Activation;
use crate::elementwise::{map, specialise};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::rows_mut;
use crate::{Context, Isa};

/// `out[i] = activation(x[i])`.
///
/// # Panics
/// When the lengths differ.
pub fn activate(ctx: Context, activation: Activation, x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len());
    if activation == Activation::Identity {
        return out.copy_from_slice(x);
    }
    rows_mut(ctx.pool, out, 1, cost(activation), |first, out| {
        let x = x[first..][..out.len()].as_ptr();
        dispatch(ctx.isa, Run { activation, x, out: out.as_mut_ptr(), n: out.len() });
    });
}

/// `x[i] = activation(x[i])`.
pub fn activate_in_place(ctx: Context, activation: Activation, x: &mut [f32]) {
    if activation == Activation::Identity {
        return;
    }
    rows_mut(ctx.pool, x, 1, cost(activation), |_, out| {
        let (out, n) = (out.as_mut_ptr(), out.len());
        dispatch(ctx.isa, Run { activation, x: out, out, n });
    });
}

/// Applies `activation` to `n` floats, each `step` after the one before.
///
/// # Safety
/// They can be read and written.
pub(crate) unsafe fn run_strided(
    isa: Isa,
    activation: Activation,
    out: *mut f32,
    n: usize,
    step: usize,
) {
    if activation == Activation::Identity {
        return;
    }
    if step == 1 {
        return dispatch(isa, Run { activation, x: out, out, n });
    }
    for i in 0..n {
        // SAFETY: the caller's contract.
        let out = unsafe { out.add(i * step) };
        dispatch(isa, Run { activation, x: out, out, n: 1 });
    }
}

/// Work of an element, in elements of the cheapest work.
fn cost(activation: Activation) -> usize {
    use Activation::{Clip, HardSigmoid, HardSwish, Identity, LeakyRelu, Relu};
    match activation {
        Identity | Relu | LeakyRelu(_) | Clip(..) | HardSigmoid | HardSwish => 1,
        _ => 2,
    }
}

/// `n` floats from `x` to `out`, which are the same or do not overlap.
struct Run {
    activation: Activation,
    x: *const f32,
    out: *mut f32,
    n: usize,
}

impl Kernel for Run {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        specialise!(
            Activation [
                Identity, Relu, LeakyRelu(slope), Clip(low, high), Gelu, GeluTanh, QuickGelu, Silu, Sigmoid,
                Tanh, HardSigmoid, HardSwish, Softplus, Mish, Elu(alpha),
            ],
            f = self.activation,
            // SAFETY: see `Run`.
            unsafe { map(s, f, self.x, self.out, self.n) }
        );
    }
}

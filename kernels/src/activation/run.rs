//! Activations of whole slices.

use super::Activation;
use crate::elementwise::{Map, run, run_in_place};
use crate::simd::dispatch;
use crate::{Context, Isa};

/// `out[i] = activation(x[i])`.
///
/// # Panics
/// When the lengths differ.
pub fn activate(ctx: Context, activation: Activation, x: &[f32], out: &mut [f32]) {
    if activation == Activation::Identity {
        return out.copy_from_slice(x);
    }
    run(ctx, activation, cost(activation), x, out);
}

/// `x[i] = activation(x[i])`.
pub fn activate_in_place(ctx: Context, activation: Activation, x: &mut [f32]) {
    if activation != Activation::Identity {
        run_in_place(ctx, activation, cost(activation), x);
    }
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
        return dispatch(isa, Map { f: activation, x: out, out, n });
    }
    for i in 0..n {
        // SAFETY: the caller's contract.
        let out = unsafe { out.add(i * step) };
        dispatch(isa, Map { f: activation, x: out, out, n: 1 });
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

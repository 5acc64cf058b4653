//! Activation functions, as an epilogue of other kernels and on their own.
//!
//! All of them pass not-a-number on, and none makes one of a large or infinite input.

mod run;
#[cfg(test)]
mod tests;

pub(crate) use run::run_strided;
pub use run::{activate, activate_in_place};

use crate::elementwise::{Each, map, specialise};
use crate::math::{clamp, erf, exp, exp_m1, ln_1p, sigmoid, tanh};
use crate::simd::Simd;

/// A function applied to each element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// `x`
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
    /// `x`, times the slope below zero
    LeakyRelu(f32),
    /// `x` within the two limits; `Clip(0.0, 6.0)` is relu6
    Clip(f32, f32),
    /// `x Phi(x)` with the normal distribution `Phi`, by the error function
    Gelu,
    /// [`Activation::Gelu`] as approximated with a hyperbolic tangent
    GeluTanh,
    /// `x sigmoid(1.702 x)`
    QuickGelu,
    /// `x sigmoid(x)`, also called swish
    Silu,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// The hyperbolic tangent
    Tanh,
    /// `clip((x + 3) / 6, 0, 1)`
    HardSigmoid,
    /// `x clip((x + 3) / 6, 0, 1)`
    HardSwish,
    /// `ln(1 + e^x)`
    Softplus,
    /// `x tanh(softplus(x))`
    Mish,
    /// `x`, below zero `alpha (e^x - 1)`
    Elu(f32),
}

/// Every function, with some parameters, for tests and benches.
pub const VARIANTS: [Activation; 15] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu(0.125),
    Activation::Clip(0.0, 6.0),
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::QuickGelu,
    Activation::Silu,
    Activation::Sigmoid,
    Activation::Tanh,
    Activation::HardSigmoid,
    Activation::HardSwish,
    Activation::Softplus,
    Activation::Mish,
    Activation::Elu(1.5),
];

/// Applies `activation` to one vector.
#[inline(always)]
pub fn apply<S: Simd>(s: S, activation: Activation, x: S::F32) -> S::F32 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => s.max(s.zero(), x),
        Activation::LeakyRelu(slope) => s.select(s.lt(x, s.zero()), s.mul(x, s.splat(slope)), x),
        Activation::Clip(low, high) => clamp(s, x, low, high),
        Activation::Gelu => gelu(s, x),
        Activation::GeluTanh => gelu_tanh(s, x),
        Activation::QuickGelu => gated(s, x, s.mul(x, s.splat(1.702))),
        Activation::Silu => gated(s, x, x),
        Activation::Sigmoid => sigmoid(s, x),
        Activation::Tanh => tanh(s, x),
        Activation::HardSigmoid => hard_sigmoid(s, x),
        Activation::HardSwish => {
            let x = s.max(s.splat(-3.0), x);
            s.mul(x, hard_sigmoid(s, x))
        }
        Activation::Softplus => softplus(s, x),
        Activation::Mish => mish(s, x),
        Activation::Elu(alpha) => {
            s.select(s.lt(x, s.zero()), s.mul(exp_m1(s, x), s.splat(alpha)), x)
        }
    }
}

impl Each for Activation {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        apply(s, self, x)
    }

    #[inline(always)]
    unsafe fn map<S: Simd>(self, s: S, x: *const f32, out: *mut f32, n: usize) {
        specialise!(
            Activation [
                Identity, Relu, LeakyRelu(slope), Clip(low, high), Gelu, GeluTanh, QuickGelu, Silu, Sigmoid,
                Tanh, HardSigmoid, HardSwish, Softplus, Mish, Elu(alpha),
            ],
            f = self,
            // SAFETY: the caller's contract.
            unsafe { map(s, f, x, out, n) }
        );
    }
}

/// `x`, or the lowest finite number for minus infinity, so that its product with zero is zero.
#[inline(always)]
fn finite_below<S: Simd>(s: S, x: S::F32) -> S::F32 {
    s.max(s.splat(f32::MIN), x)
}

/// `x sigmoid(gate)`; where the gate is minus infinity, so is `x`.
#[inline(always)]
fn gated<S: Simd>(s: S, x: S::F32, gate: S::F32) -> S::F32 {
    let below = s.add(s.splat(1.0), exp(s, s.neg(gate)));
    s.div(finite_below(s, x), below)
}

#[inline(always)]
fn gelu<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let inner = erf(s, s.mul(x, s.splat(std::f32::consts::FRAC_1_SQRT_2)));
    let half = s.mul(finite_below(s, x), s.splat(0.5));
    s.mul_add(half, inner, half)
}

/// `x / 2 (1 + tanh(u))` is `x sigmoid(2 u)`.
#[inline(always)]
fn gelu_tanh<S: Simd>(s: S, x: S::F32) -> S::F32 {
    const TWICE_SQRT_2_OVER_PI: f32 = 1.595_769;
    let cubic = s.mul_add(s.mul(x, x), s.splat(0.044_715), s.splat(1.0));
    gated(s, x, s.mul(s.mul(x, s.splat(TWICE_SQRT_2_OVER_PI)), cubic))
}

#[inline(always)]
fn hard_sigmoid<S: Simd>(s: S, x: S::F32) -> S::F32 {
    s.mul(clamp(s, s.add(x, s.splat(3.0)), 0.0, 6.0), s.splat(1.0 / 6.0))
}

#[inline(always)]
fn softplus<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let small = ln_1p(s, exp(s, s.neg(s.abs(x))));
    s.add(s.max(s.zero(), x), small)
}

/// With `w = e^x`, `tanh(ln(1 + w))` is `n / (n + 2)` for `n = w (w + 2)`, one to rounding from `x = 20` on.
#[inline(always)]
fn mish<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let w = exp(s, s.min(s.splat(20.0), x));
    let n = s.mul(w, s.add(w, s.splat(2.0)));
    s.mul(finite_below(s, x), s.div(n, s.add(n, s.splat(2.0))))
}

//! Activation functions, as an epilogue of other kernels and on their own.

use crate::simd::Simd;

/// A function applied to each element.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Activation {
    /// `x`
    #[default]
    Identity,
    /// `max(x, 0)`
    Relu,
}

/// Applies `activation` to one vector.
#[inline(always)]
pub fn apply<S: Simd>(s: S, activation: Activation, x: S::F32) -> S::F32 {
    match activation {
        Activation::Identity => x,
        Activation::Relu => s.max(x, s.zero()),
    }
}

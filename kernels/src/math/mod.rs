//! Elementary functions on vectors.
//!
//! Each file holds one function, with the origin of its constants, the bound of its error and the test of that bound on
//! every instruction set. The polynomials are minimax fits by `tests/reference/minimax.py`; arguments are reduced as
//! Cody and Waite do, by subtracting a constant in parts whose products are exact.
//!
//! Not-a-number in gives not-a-number out.

mod erf;
mod exp;
mod log;
mod sigmoid;
mod sin_cos;
mod tanh;

#[cfg(test)]
pub(crate) mod testing;

pub use erf::{MAX_ERF_ULPS, erf};
pub use exp::{MAX_EXP_M1_ULPS, MAX_EXP_ULPS, exp, exp_m1};
pub use log::{MAX_LN_1P_ULPS, MAX_LN_ULPS, ln, ln_1p};
pub use sigmoid::{MAX_SIGMOID_ULPS, sigmoid};
pub use sin_cos::{MAX_SIN_COS_ERROR, MAX_SIN_COS_INPUT, cos, sin};
pub use tanh::{MAX_TANH_ULPS, tanh};

use crate::simd::Simd;

/// `c[0] + c[1] x + c[2] x^2 + ...`, the highest term first.
#[inline(always)]
fn polynomial<S: Simd, const N: usize>(s: S, x: S::F32, coefficients: [f32; N]) -> S::F32 {
    let mut sum = s.splat(coefficients[N - 1]);
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        sum = s.mul_add(sum, x, s.splat(coefficients[i]));
    }
    sum
}

/// `x` within `low..=high`; not-a-number stays.
#[inline(always)]
pub(crate) fn clamp<S: Simd>(s: S, x: S::F32, low: f32, high: f32) -> S::F32 {
    s.min(s.splat(high), s.max(s.splat(low), x))
}

//! Functions of one element that are not activations.

#[cfg(test)]
mod tests;

use crate::Context;
use crate::elementwise::{Each, map, run, run_in_place, specialise};
use crate::math::{cos, erf, exp, ln, ln_1p, sin};
use crate::simd::Simd;

/// A function of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `e^x`
    Exp,
    /// Natural logarithm
    Ln,
    /// `ln(1 + x)`
    Ln1p,
    /// Square root
    Sqrt,
    /// `1 / sqrt(x)`
    Rsqrt,
    /// `-x`
    Neg,
    /// `|x|`
    Abs,
    /// `1 / x`
    Reciprocal,
    /// `x^2`
    Square,
    /// Sine of radians, good to `1e5`
    Sin,
    /// Cosine of radians, good to `1e5`
    Cos,
    /// Error function
    Erf,
    /// Downwards to an integer
    Floor,
    /// Upwards to an integer
    Ceil,
    /// To the nearest integer, ties to even
    Round,
    /// -1, 0 or 1
    Sign,
}

/// Every function, for tests and benches.
pub const VARIANTS: [Unary; 16] = [
    Unary::Exp,
    Unary::Ln,
    Unary::Ln1p,
    Unary::Sqrt,
    Unary::Rsqrt,
    Unary::Neg,
    Unary::Abs,
    Unary::Reciprocal,
    Unary::Square,
    Unary::Sin,
    Unary::Cos,
    Unary::Erf,
    Unary::Floor,
    Unary::Ceil,
    Unary::Round,
    Unary::Sign,
];

/// `out[i] = op(x[i])`.
///
/// # Panics
/// When the lengths differ.
pub fn unary(ctx: Context, op: Unary, x: &[f32], out: &mut [f32]) {
    run(ctx, op, cost(op), x, out);
}

/// `x[i] = op(x[i])`.
pub fn unary_in_place(ctx: Context, op: Unary, x: &mut [f32]) {
    run_in_place(ctx, op, cost(op), x);
}

/// Applies `op` to one vector.
#[inline(always)]
pub fn apply<S: Simd>(s: S, op: Unary, x: S::F32) -> S::F32 {
    match op {
        Unary::Exp => exp(s, x),
        Unary::Ln => ln(s, x),
        Unary::Ln1p => ln_1p(s, x),
        Unary::Sqrt => s.sqrt(x),
        Unary::Rsqrt => s.div(s.splat(1.0), s.sqrt(x)),
        Unary::Neg => s.neg(x),
        Unary::Abs => s.abs(x),
        Unary::Reciprocal => s.div(s.splat(1.0), x),
        Unary::Square => s.mul(x, x),
        Unary::Sin => sin(s, x),
        Unary::Cos => cos(s, x),
        Unary::Erf => erf(s, x),
        Unary::Floor => s.floor(x),
        Unary::Ceil => s.neg(s.floor(s.neg(x))),
        Unary::Round => s.round(x),
        Unary::Sign => sign(s, x),
    }
}

#[inline(always)]
fn sign<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let one = s.copysign(s.splat(1.0), x);
    s.select(s.lt(s.zero(), s.abs(x)), one, x)
}

impl Each for Unary {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        apply(s, self, x)
    }

    #[inline(always)]
    unsafe fn map<S: Simd>(self, s: S, x: *const f32, out: *mut f32, n: usize) {
        specialise!(
            Unary [
                Exp, Ln, Ln1p, Sqrt, Rsqrt, Neg, Abs, Reciprocal, Square, Sin, Cos, Erf, Floor, Ceil, Round, Sign,
            ],
            f = self,
            // SAFETY: the caller's contract.
            unsafe { map(s, f, x, out, n) }
        );
    }
}

/// Work of an element, in elements of the cheapest work.
fn cost(op: Unary) -> usize {
    match op {
        Unary::Exp | Unary::Ln | Unary::Ln1p | Unary::Sin | Unary::Cos | Unary::Erf => 2,
        _ => 1,
    }
}

//! Functions of two elements, broadcast as NumPy does.
//!
//! The shapes are resolved ahead into a [`BinaryPlan`], which merges the dimensions that can be walked as one. What
//! remains has a last dimension in which each operand goes on by one or stands still, and that is a vector loop: equal
//! shapes, a scalar, a vector per row and a number per row all take it.

mod plan;
mod run;
#[cfg(test)]
mod tests;

pub use plan::{BinaryPlan, BroadcastError, MAX_RANK};
pub use run::{binary, binary_in_place};

use crate::simd::Simd;

/// A function of two elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a b`
    Mul,
    /// `a / b`
    Div,
    /// The smaller one, not-a-number if either is not
    Min,
    /// The larger one, not-a-number if either is not
    Max,
    /// `a^b`
    Pow,
}

/// Every function, for tests and benches.
pub const VARIANTS: [Binary; 7] =
    [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Min, Binary::Max, Binary::Pow];

/// Applies `op` to two vectors.
#[inline(always)]
pub fn apply<S: Simd>(s: S, op: Binary, a: S::F32, b: S::F32) -> S::F32 {
    match op {
        Binary::Add => s.add(a, b),
        Binary::Sub => s.sub(a, b),
        Binary::Mul => s.mul(a, b),
        Binary::Div => s.div(a, b),
        Binary::Min => s.select(s.is_nan(a), a, s.min(a, b)),
        Binary::Max => s.select(s.is_nan(a), a, s.max(a, b)),
        Binary::Pow => pow(s, a, b),
    }
}

/// By the standard library, lane by lane: a power loses too many digits in single-precision logarithms.
#[inline(always)]
fn pow<S: Simd>(s: S, a: S::F32, b: S::F32) -> S::F32 {
    let (mut x, mut y) = ([0.0; 16], [0.0; 16]);
    s.store(a, &mut x);
    s.store(b, &mut y);
    for (x, y) in x.iter_mut().zip(y).take(S::LANES) {
        *x = x.powf(y);
    }
    s.load(&x)
}

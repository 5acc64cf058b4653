//! Sine and cosine, reduced to a quarter turn.

use std::f32::consts::FRAC_2_PI;

use super::polynomial;
use crate::simd::Simd;

/// Largest absolute error of [`sin`] and [`cos`] up to [`MAX_SIN_COS_INPUT`].
pub const MAX_SIN_COS_ERROR: f64 = 1.2e-7;
/// The magnitude up to which the reduction of the argument is exact to rounding.
pub const MAX_SIN_COS_INPUT: f32 = 1e5;

/// A quarter turn in four parts; the first three have at most eight bits, so that their multiples by a count of quarters up to
/// 65536 are exact.
const QUARTER: [f32; 4] = [1.570_312_5, 4.844_665_5e-4, -6.407_499_3e-7, 9.920_936e-10];

/// `(sin(r) / r - 1) / r^2` in powers of `r^2`, for `|r| <= pi / 4`.
const SIN: [f32; 4] = [-0.166_666_67, 0.008_333_327, -1.983_878_8e-4, 2.713_902_6e-6];
/// `(cos(r) - 1 + r^2 / 2) / r^4` in powers of `r^2`.
const COS: [f32; 3] = [0.041_666_646, -0.001_388_736_2, 2.443_773e-5];

/// The sine of an angle in radians.
#[inline(always)]
pub fn sin<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let n = s.round(s.mul(x, s.splat(FRAC_2_PI)));
    of_quarter(s, reduce(s, x, n), n)
}

/// The cosine of an angle in radians.
#[inline(always)]
pub fn cos<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let n = s.round(s.mul(x, s.splat(FRAC_2_PI)));
    of_quarter(s, reduce(s, x, n), s.add(n, s.splat(1.0)))
}

/// `x - n pi / 2`.
#[inline(always)]
fn reduce<S: Simd>(s: S, x: S::F32, n: S::F32) -> S::F32 {
    QUARTER.iter().fold(x, |r, &part| s.neg_mul_add(n, s.splat(part), r))
}

/// `sin(r + n pi / 2)`.
#[inline(always)]
fn of_quarter<S: Simd>(s: S, r: S::F32, n: S::F32) -> S::F32 {
    let square = s.mul(r, r);
    let sine = s.mul_add(s.mul(polynomial(s, square, SIN), square), r, r);
    let half = s.neg_mul_add(square, s.splat(0.5), s.splat(1.0));
    let cosine = s.mul_add(polynomial(s, square, COS), s.mul(square, square), half);
    let odd = is_odd(s, n);
    let value = s.select(odd, cosine, sine);
    let upside_down = is_odd(s, s.floor(s.mul(n, s.splat(0.5))));
    s.select(upside_down, s.neg(value), value)
}

#[inline(always)]
fn is_odd<S: Simd>(s: S, n: S::F32) -> S::Mask {
    let half = s.mul(n, s.splat(0.5));
    s.lt(s.floor(half), half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{Function, check_absolute, everywhere, nan_of};

    struct Sin;
    impl Function for Sin {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            sin(s, x)
        }
    }

    struct Cos;
    impl Function for Cos {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            cos(s, x)
        }
    }

    #[test]
    fn are_within_their_bound() {
        for limit in [1.0, 10.0, 1000.0, MAX_SIN_COS_INPUT] {
            check_absolute::<Sin>(f64::sin, -limit..limit, MAX_SIN_COS_ERROR);
            check_absolute::<Cos>(f64::cos, -limit..limit, MAX_SIN_COS_ERROR);
        }
    }

    #[test]
    fn limits() {
        everywhere::<Sin>(&[(0.0, 0.0)]);
        everywhere::<Cos>(&[(0.0, 1.0)]);
        nan_of::<Sin>(&[f32::INFINITY, f32::NEG_INFINITY]);
        nan_of::<Cos>(&[f32::INFINITY, f32::NEG_INFINITY]);
    }
}

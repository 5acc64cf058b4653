//! `ln(x)` and `ln(1 + x)`.

use std::f32::consts::FRAC_1_SQRT_2;

use super::polynomial;
use crate::simd::Simd;

/// Largest error of [`ln`] in units of the last place.
pub const MAX_LN_ULPS: f64 = 2.0;
/// Largest error of [`ln_1p`] in units of the last place.
pub const MAX_LN_1P_ULPS: f64 = 3.0;

/// The natural logarithm of two in two parts, the first of nine bits.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// `(ln(1 + f) - f + f^2 / 2) / f^3` for `1 + f` from `sqrt(1/2)` to `sqrt(2)`.
const TAIL: [f32; 9] = [
    0.333_333_13,
    -0.250_000_1,
    0.200_021_19,
    -0.166_679_96,
    0.142_195_52,
    -0.124_055_915,
    0.118_881_606,
    -0.116_756_365,
    0.067_466_24,
];

/// The natural logarithm: minus infinity at zero, not-a-number below.
#[inline(always)]
pub fn ln<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let subnormal = s.lt(x, s.splat(f32::MIN_POSITIVE));
    let scaled = s.select(subnormal, s.mul(x, s.splat(8_388_608.0)), x);
    let (m, e) = (s.mantissa(scaled), s.exponent(scaled));
    let e = s.sub(e, s.select(subnormal, s.splat(23.0), s.zero()));
    // The mantissa is moved from 1..2 to sqrt(1/2)..sqrt(2), where the polynomial is good.
    let high = s.lt(s.splat(2.0 * FRAC_1_SQRT_2), m);
    let m = s.select(high, s.mul(m, s.splat(0.5)), m);
    let e = s.add(e, s.select(high, s.splat(1.0), s.zero()));
    limits(s, x, of_parts(s, s.sub(m, s.splat(1.0)), e))
}

/// `ln(1 + x)`, exact to the last places also near zero.
#[inline(always)]
pub fn ln_1p<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let sum = s.add(x, s.splat(1.0));
    let lost = s.div(s.sub(x, s.sub(sum, s.splat(1.0))), sum);
    // There is nothing to correct where the sum is zero or infinite.
    let lost = s.select(s.lt(s.abs(lost), s.splat(1.0)), lost, s.zero());
    s.add(ln(s, sum), lost)
}

/// `ln((1 + f) 2^e)`.
#[inline(always)]
fn of_parts<S: Simd>(s: S, f: S::F32, e: S::F32) -> S::F32 {
    let square = s.mul(f, f);
    let tail = s.mul(polynomial(s, f, TAIL), s.mul(f, square));
    let tail = s.mul_add(e, s.splat(LN_2[1]), tail);
    let tail = s.neg_mul_add(square, s.splat(0.5), tail);
    s.mul_add(e, s.splat(LN_2[0]), s.add(f, tail))
}

/// `y` where `x` is positive and finite, the limits elsewhere.
#[inline(always)]
fn limits<S: Simd>(s: S, x: S::F32, y: S::F32) -> S::F32 {
    let infinity = s.splat(f32::INFINITY);
    let y = s.select(s.lt(s.zero(), x), y, s.neg(infinity));
    // An infinite or undefined `x` is its own logarithm.
    let y = s.select(s.lt(x, infinity), y, x);
    s.select(s.lt(x, s.zero()), s.splat(f32::NAN), y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{Function, check_ulps, everywhere, nan_of};

    struct Ln;
    impl Function for Ln {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            ln(s, x)
        }
    }

    struct Ln1P;
    impl Function for Ln1P {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            ln_1p(s, x)
        }
    }

    #[test]
    fn ln_is_within_its_bound() {
        for range in [1e-44..1e-37, 1e-6..1.0, 0.5..2.0, 1.0..1e6, 1e30..3.4e38] {
            check_ulps::<Ln>(f64::ln, range, MAX_LN_ULPS);
        }
    }

    #[test]
    fn ln_1p_is_within_its_bound() {
        for range in [-0.999..0.0, -1e-6..1e-6, 0.0..1.0, 1.0..1e6, 1e20..3.4e38] {
            check_ulps::<Ln1P>(f64::ln_1p, range, MAX_LN_1P_ULPS);
        }
    }

    #[test]
    fn limits() {
        let inf = f32::INFINITY;
        everywhere::<Ln>(&[(inf, inf), (0.0, -inf), (-0.0, -inf), (1.0, 0.0)]);
        everywhere::<Ln1P>(&[(inf, inf), (-1.0, -inf), (0.0, 0.0)]);
        nan_of::<Ln>(&[-1.0, -inf, -1e-40]);
        nan_of::<Ln1P>(&[-1.5, -inf]);
    }
}

//! `e^x` and `e^x - 1`.

use std::f32::consts::LOG2_E;

use super::{clamp, polynomial};
use crate::simd::Simd;

/// Largest error of [`exp`] in units of the last place.
pub const MAX_EXP_ULPS: f64 = 2.0;
/// Largest error of [`exp_m1`] in units of the last place.
pub const MAX_EXP_M1_ULPS: f64 = 3.0;

/// The natural logarithm of two in two parts; the first has nine bits, so that its multiples by exponents are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// `(e^r - 1 - r) / r^2` for `|r| <= ln(2) / 2`.
const TAIL: [f32; 5] = [0.499_999_97, 0.166_665_43, 0.041_667_2, 0.008_366_558, 0.001_388_250_4];

/// `e^x`, zero and infinity where it is out of the range of `f32`.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let (n, tail) = reduce(s, clamp(s, x, -105.0, 89.0));
    s.ldexp(s.add(tail, s.splat(1.0)), n)
}

/// `e^x - 1`, exact to the last places also near zero.
#[inline(always)]
pub fn exp_m1<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let (n, tail) = reduce(s, clamp(s, x, -18.0, 89.0));
    // Above 2^127 the power itself overflows while the result may not: both terms are halved.
    let half = s.pow2i(s.sub(n, s.splat(1.0)));
    let less_one = s.mul_add(tail, half, s.sub(half, s.splat(0.5)));
    s.select(s.lt(s.abs(x), s.splat(1e-7)), x, s.mul(less_one, s.splat(2.0)))
}

/// `(n, e^r - 1)` with `x = n ln(2) + r`.
#[inline(always)]
fn reduce<S: Simd>(s: S, x: S::F32) -> (S::F32, S::F32) {
    let n = s.round(s.mul(x, s.splat(LOG2_E)));
    let r = s.neg_mul_add(n, s.splat(LN_2[0]), x);
    let r = s.neg_mul_add(n, s.splat(LN_2[1]), r);
    (n, s.mul_add(polynomial(s, r, TAIL), s.mul(r, r), r))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{Function, check_ulps, everywhere};

    struct Exp;
    impl Function for Exp {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            exp(s, x)
        }
    }

    struct ExpM1;
    impl Function for ExpM1 {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            exp_m1(s, x)
        }
    }

    #[test]
    fn exp_is_within_its_bound() {
        check_ulps::<Exp>(f64::exp, -110.0..95.0, MAX_EXP_ULPS);
        check_ulps::<Exp>(f64::exp, -1.0..1.0, MAX_EXP_ULPS);
    }

    #[test]
    fn exp_m1_is_within_its_bound() {
        check_ulps::<ExpM1>(f64::exp_m1, -20.0..95.0, MAX_EXP_M1_ULPS);
        check_ulps::<ExpM1>(f64::exp_m1, -1.0..1.0, MAX_EXP_M1_ULPS);
        check_ulps::<ExpM1>(f64::exp_m1, -1e-6..1e-6, MAX_EXP_M1_ULPS);
    }

    #[test]
    fn limits() {
        let inf = f32::INFINITY;
        everywhere::<Exp>(&[(inf, inf), (-inf, 0.0), (0.0, 1.0), (1e30, inf), (-1e30, 0.0)]);
        everywhere::<ExpM1>(&[(inf, inf), (-inf, -1.0), (0.0, 0.0), (1e30, inf), (-1e30, -1.0)]);
    }
}

//! The logistic function.

use super::exp;
use crate::simd::Simd;

/// Largest error of [`sigmoid`] in units of the last place, for `x >= -87`.
pub const MAX_SIGMOID_ULPS: f64 = 4.0;

/// `1 / (1 + e^-x)`, from 0 to 1; below -88 it is zero, where the exact value is not normal any more.
#[inline(always)]
pub fn sigmoid<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let one = s.splat(1.0);
    s.div(one, s.add(one, exp(s, s.neg(x))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{Function, check_ulps, everywhere};

    struct Sigmoid;
    impl Function for Sigmoid {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            sigmoid(s, x)
        }
    }

    #[test]
    fn is_within_its_bound() {
        for range in [-87.0..40.0, -2.0..2.0] {
            check_ulps::<Sigmoid>(|x| 1.0 / (1.0 + (-x).exp()), range, MAX_SIGMOID_ULPS);
        }
    }

    #[test]
    fn limits() {
        let inf = f32::INFINITY;
        everywhere::<Sigmoid>(&[(inf, 1.0), (-inf, 0.0), (0.0, 0.5), (1e30, 1.0), (-1e30, 0.0)]);
    }
}

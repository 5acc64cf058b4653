//! The hyperbolic tangent, as `t / (t + 2)` with `t = e^2x - 1`.

use super::{clamp, exp_m1};
use crate::simd::Simd;

/// Largest error of [`tanh`] in units of the last place.
pub const MAX_TANH_ULPS: f64 = 4.0;

/// Where the result rounds to one.
const LIMIT: f32 = 9.02;

/// `tanh(x)`, from -1 to 1.
#[inline(always)]
pub fn tanh<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let small = clamp(s, x, -LIMIT, LIMIT);
    let t = exp_m1(s, s.add(small, small));
    s.div(t, s.add(t, s.splat(2.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{Function, check_ulps, everywhere};

    struct Tanh;
    impl Function for Tanh {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            tanh(s, x)
        }
    }

    #[test]
    fn is_within_its_bound() {
        for range in [-12.0..12.0, -1.0..1.0, -1e-5..1e-5] {
            check_ulps::<Tanh>(f64::tanh, range, MAX_TANH_ULPS);
        }
    }

    #[test]
    fn limits() {
        let inf = f32::INFINITY;
        everywhere::<Tanh>(&[(inf, 1.0), (-inf, -1.0), (0.0, 0.0), (1e30, 1.0), (-1e30, -1.0)]);
    }
}

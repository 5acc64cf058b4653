//! The error function, as one quotient of polynomials.

use super::{clamp, polynomial};
use crate::simd::Simd;

/// Largest error of [`erf`] in units of the last place.
pub const MAX_ERF_ULPS: f64 = 6.0;

/// Where the result rounds to one.
const LIMIT: f32 = 4.0;

/// `erf(x) / x` in powers of `x^2` is `ABOVE / BELOW` for `|x| <= LIMIT`.
const ABOVE: [f32; 7] = [
    std::f32::consts::FRAC_2_SQRT_PI,
    0.206_738_4,
    0.051_473_178,
    0.003_973_467,
    1.468_252_7e-4,
    -1.939_713_2e-6,
    1.910_640_2e-8,
];
const BELOW: [f32; 5] = [1.0, 0.516_548_6, 0.117_810_16, 0.014_924_398, 0.001_016_783_1];

/// `erf(x)`, from -1 to 1.
#[inline(always)]
pub fn erf<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let x = clamp(s, x, -LIMIT, LIMIT);
    let square = s.mul(x, x);
    let above = s.mul(x, polynomial(s, square, ABOVE));
    clamp(s, s.div(above, polynomial(s, square, BELOW)), -1.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math::testing::{Function, check_ulps, erf as exact, everywhere};

    struct Erf;
    impl Function for Erf {
        #[inline(always)]
        fn apply<S: Simd>(s: S, x: S::F32) -> S::F32 {
            erf(s, x)
        }
    }

    #[test]
    fn is_within_its_bound() {
        for range in [-6.0..6.0, -1.0..1.0, -1e-5..1e-5] {
            check_ulps::<Erf>(exact, range, MAX_ERF_ULPS);
        }
    }

    #[test]
    fn limits() {
        let inf = f32::INFINITY;
        everywhere::<Erf>(&[(inf, 1.0), (-inf, -1.0), (0.0, 0.0), (1e30, 1.0), (-1e30, -1.0)]);
    }
}

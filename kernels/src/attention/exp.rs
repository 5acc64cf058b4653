//! `e^x` for the softmax of scores, whose maximum is subtracted.

use std::f32::consts::LOG2_E;

use crate::simd::Simd;

/// `ln 2` in two parts, the first with few bits, so that `x - n ln 2` is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Below it the result is zero.
const LEAST: f32 = -87.0;
/// `1 / i!` from 7 down to 0: on `|r| <= ln 2 / 2` the rest of the series is below half a unit in the last place.
const SERIES: [f32; 8] =
    [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

/// `e^x` for `x <= 0`; zero below -87.
#[inline(always)]
pub(super) fn exp<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let least = s.splat(LEAST);
    let small = s.lt(x, least);
    let x = s.max(least, x);
    let n = s.round(s.mul(x, s.splat(LOG2_E)));
    let r = s.neg_mul_add(n, s.splat(LN_2[0]), x);
    let r = s.neg_mul_add(n, s.splat(LN_2[1]), r);
    let mut sum = s.splat(SERIES[0]);
    for term in &SERIES[1..] {
        sum = s.mul_add(sum, r, s.splat(*term));
    }
    s.select(small, s.zero(), s.mul(sum, s.pow2i(n)))
}

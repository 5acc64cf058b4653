//! Powers of two for the softmax of scores, whose maximum is subtracted.

use crate::simd::Simd;

/// Below it the result stays: next to the weight of the largest score, nothing.
const LEAST: f32 = -126.0;
/// `ln(2)^i / i!` from 6 down to 0: on `|f| <= 1/2` the rest of the series is an unit in the last place at most.
const SERIES: [f32; 7] = [
    1.540_353e-4,
    1.333_355_8e-3,
    9.618_129e-3,
    5.550_411e-2,
    0.240_226_5,
    std::f32::consts::LN_2,
    1.0,
];

/// `2^x` for `x <= 0`; `2^-126` below that.
#[inline(always)]
pub(super) fn exp2<S: Simd>(s: S, x: S::F32) -> S::F32 {
    let x = s.max(s.splat(LEAST), x);
    let n = s.round(x);
    let f = s.sub(x, n);
    let mut sum = s.splat(SERIES[0]);
    for term in &SERIES[1..] {
        sum = s.mul_add(sum, f, s.splat(*term));
    }
    s.mul_pow2i(sum, n)
}

/// `2^f` on `0..1` in powers of `f`, from the highest down: within `7.5e-5` of it, a twentieth of the rounding to bf16.
const COARSE: [f32; 4] = [7.802_452e-2, 0.226_067_16, 0.695_833_5, 0.999_925_2];

/// The same for weights that are rounded to bf16.
#[inline(always)]
pub(super) fn exp2_coarse<S: Simd>(s: S, x: S::F32) -> S::F32 {
    // Above the least power, since the series begins below one and slow numbers would come out.
    let x = s.max(s.splat(LEAST + 1.0), x);
    let f = s.fraction(x);
    let mut sum = s.splat(COARSE[0]);
    for term in &COARSE[1..] {
        sum = s.mul_add(sum, f, s.splat(*term));
    }
    s.mul_pow2_floor(sum, x)
}

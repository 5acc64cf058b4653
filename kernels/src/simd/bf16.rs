//! Pairs of bf16 with the instructions of all machines.

use half::bf16;

use super::Simd;

/// Floats of the widest vector.
const MAX_LANES: usize = 16;

/// Both numbers as bf16 in the place of a float, the first in the lower half; rounded to the nearest, ties to even.
pub(crate) fn pair(first: f32, second: f32) -> f32 {
    let [first, second] = [first, second].map(|x| u32::from(bf16::from_f32(x).to_bits()));
    f32::from_bits(first | second << 16)
}

/// The same of numbers that are bf16 already.
pub(crate) fn exact_pair(first: f32, second: f32) -> f32 {
    f32::from_bits(first.to_bits() >> 16 | second.to_bits() & !0xffff)
}

/// Three numbers of bf16 whose sum is `x`, the largest first; the first is infinite where `x` is, and the others are not.
#[inline(always)]
pub(crate) fn thirds<S: Simd>(s: S, x: S::F32) -> [S::F32; 3] {
    let [_, first] = s.halves(x);
    // The larger of both where the difference is not a number, which else is far below.
    let rest = s.min(s.sub(x, first), s.splat(f32::MAX / 64.0));
    let [_, second] = s.halves(rest);
    [first, second, s.sub(rest, second)]
}

#[inline(always)]
pub(super) fn pairs<S: Simd>(s: S, low: S::F32, high: S::F32) -> S::F32 {
    let mut floats = [0.0; 2 * MAX_LANES];
    s.store(low, &mut floats);
    s.store(high, &mut floats[S::LANES..]);
    let mut pairs = [0.0; MAX_LANES];
    for (to, from) in pairs.iter_mut().zip(floats.chunks_exact(2)) {
        *to = pair(from[0], from[1]);
    }
    s.load(&pairs)
}

#[inline(always)]
pub(super) fn dot_pairs<S: Simd>(s: S, a: S::F32, b: S::F32, sums: S::F32) -> S::F32 {
    let ([a, c], [b, d]) = (s.halves(a), s.halves(b));
    s.mul_add(a, b, s.mul_add(c, d, sums))
}

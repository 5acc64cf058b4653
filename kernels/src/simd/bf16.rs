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

/// Three numbers of bf16 whose sum is `x`, the largest first. The first has the bits of `x`, the second is rounded to the nearest,
/// so that the third is of either sign, and products that are left out are as often too much as too little. Of an infinite `x` they
/// are not numbers.
pub(crate) fn thirds(x: f32) -> [f32; 3] {
    let first = f32::from_bits(x.to_bits() & !0xffff);
    let rest = x - first;
    let second = bf16::from_f32(rest).to_f32();
    [first, second, rest - second]
}

/// The [`thirds`] of the floats of `low` and then of `high`, in pairs.
#[inline(always)]
pub(crate) fn pairs_of_thirds<S: Simd>(s: S, low: S::F32, high: S::F32) -> [S::F32; 3] {
    let ([_, first_low], [_, first_high]) = (s.halves(low), s.halves(high));
    let (low, high) = (s.sub(low, first_low), s.sub(high, first_high));
    let second = s.pairs(low, high);
    let [even, odd] = s.halves(second);
    let [second_low, second_high] = s.zip(even, odd);
    let third = s.pairs(s.sub(low, second_low), s.sub(high, second_high));
    [s.pairs(first_low, first_high), second, third]
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

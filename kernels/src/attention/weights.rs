//! What scores become in their place: the weights of values.

use super::exp::{exp2, exp2_coarse};
use crate::gemm::rounded::store_cut;
use crate::simd::Simd;

/// Keys of a block: a multiple of every panel's width.
pub(super) const KEYS: usize = 256;
/// Floats from one row of scores to the next: a cache line more, so that rows do not meet in one set.
pub(super) const SCORES: usize = KEYS + 16;
/// The same where weights are in thirds, the first of them in the place of scores and the others behind.
pub(super) const THIRDS: usize = 2 * KEYS + KEYS / 2 + 16;

/// `2^(score * factor + shift)` for the keys that are `seen`, zeros up to `count`; and the sum.
///
/// # Safety
/// There are scores in whole pairs of vectors, behind `seen` such as count for nothing, and memory for `count`.
#[inline(always)]
pub(super) unsafe fn in_numbers<S: Simd>(
    s: S,
    scores: *mut f32,
    [seen, count]: [usize; 2],
    [factor, shift]: [S::F32; 2],
) -> f32 {
    let mut total = s.zero();
    // SAFETY: the caller's contract.
    unsafe {
        for at in (0..seen).step_by(S::LANES) {
            let weight = exp2(s, s.mul_add(s.load_ptr(scores.add(at)), factor, shift));
            total = s.add(total, weight);
            s.store_ptr(weight, scores.add(at));
        }
        scores.add(seen).write_bytes(0, count - seen);
    }
    s.reduce_add(total)
}

/// The same in pairs.
///
/// # Safety
/// As of [`in_numbers`].
#[inline(always)]
pub(super) unsafe fn in_pairs<S: Simd>(
    s: S,
    scores: *mut f32,
    [seen, count]: [usize; 2],
    [factor, shift]: [S::F32; 2],
) -> f32 {
    let mut totals = [s.zero(); 2];
    // SAFETY: the caller's contract; pairs are written behind what is read.
    unsafe {
        for at in (0..seen).step_by(2 * S::LANES) {
            let (low, high) = (s.load_ptr(scores.add(at)), s.load_ptr(scores.add(at + S::LANES)));
            let low = exp2_coarse(s, s.mul_add(low, factor, shift));
            let high = exp2_coarse(s, s.mul_add(high, factor, shift));
            totals = [s.add(totals[0], low), s.add(totals[1], high)];
            s.store_ptr(s.pairs(low, high), scores.add(at / 2));
        }
        scores.cast::<u16>().add(seen).write_bytes(0, count.next_multiple_of(2) - seen);
    }
    s.reduce_add(s.add(totals[0], totals[1]))
}

/// The same in thirds that are [`KEYS`] apart.
///
/// # Safety
/// As of [`in_numbers`], and there is memory for a row of [`THIRDS`].
#[inline(always)]
pub(super) unsafe fn in_thirds<S: Simd>(
    s: S,
    scores: *mut f32,
    [seen, count]: [usize; 2],
    [factor, shift]: [S::F32; 2],
) -> f32 {
    let mut totals = [s.zero(); 2];
    // SAFETY: the caller's contract; the first third is written behind what is read, and others behind all scores.
    unsafe {
        for at in (0..seen).step_by(2 * S::LANES) {
            let (low, high) = (s.load_ptr(scores.add(at)), s.load_ptr(scores.add(at + S::LANES)));
            let low = exp2(s, s.mul_add(low, factor, shift));
            let high = exp2(s, s.mul_add(high, factor, shift));
            totals = [s.add(totals[0], low), s.add(totals[1], high)];
            store_cut(s, low, high, scores.add(at / 2), KEYS);
        }
        for third in 0..3 {
            let weights = scores.add(third * KEYS).cast::<u16>();
            weights.add(seen).write_bytes(0, count.next_multiple_of(2) - seen);
        }
    }
    s.reduce_add(s.add(totals[0], totals[1]))
}

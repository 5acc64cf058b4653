//! The left-hand side of a product in bf16.

use std::cell::Cell;

use super::row_stride;
use super::tile::MAX_MR;
use crate::Factors;
use crate::simd::{Kernel, Simd};
use crate::vectors::load_up_to;

thread_local! {
    static KEPT: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// The rows of a tile as pairs of bf16, in memory that a thread keeps.
#[derive(Default)]
pub(crate) struct Rounded(Vec<f32>);

impl Rounded {
    pub(crate) fn take() -> Rounded {
        Rounded(KEPT.take())
    }

    pub(crate) fn keep(self) {
        KEPT.set(self.0);
    }

    /// Rounds `k` floats of each of `count` rows of all taps, and lets `taps` point at the results.
    #[inline(always)]
    pub(crate) fn round<S: Simd>(
        &mut self,
        s: S,
        k: usize,
        count: usize,
        taps: &mut [[*const f32; MAX_MR]],
    ) {
        let ld = row_stride(Factors::Bf16.floats(k).next_multiple_of(S::LANES));
        let floats = taps.len() * count * ld;
        if self.0.len() < floats {
            self.0.resize(floats, 0.0);
        }
        s.call(Round { k, count, ld, taps, to: self.0.as_mut_ptr() });
    }
}

/// Rounds `k` floats of each row to results that are `ld` apart.
struct Round<'a> {
    k: usize,
    count: usize,
    ld: usize,
    taps: &'a mut [[*const f32; MAX_MR]],
    to: *mut f32,
}

impl Kernel for Round<'_> {
    type Output = ();

    /// The maker vouches for `k` floats to read at each row, and for whole vectors to write.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut to = self.to;
        for tap in self.taps {
            for row in &mut tap[..self.count] {
                // SAFETY: the maker's word.
                unsafe { round(s, *row, self.k, to) };
                *row = to;
                to = to.wrapping_add(self.ld);
            }
        }
    }
}

/// Rounds `k` floats.
///
/// # Safety
/// They can be read, and half as many written, in whole vectors.
#[inline(always)]
unsafe fn round<S: Simd>(s: S, from: *const f32, k: usize, to: *mut f32) {
    let step = 2 * S::LANES;
    let whole = k / step * step;
    // SAFETY: no more than `k` floats are read; half as many are written, in whole vectors.
    unsafe {
        for at in (0..whole).step_by(step) {
            let (low, high) = (s.load_ptr(from.add(at)), s.load_ptr(from.add(at + S::LANES)));
            s.store_ptr(s.pairs(low, high), to.add(at / 2));
        }
        let rest = k - whole;
        if rest > 0 {
            let from = from.add(whole);
            let (first, second) = (rest.min(S::LANES), rest.saturating_sub(S::LANES));
            let low = load_up_to(s, from, first);
            let high = load_up_to(s, from.wrapping_add(first), second);
            s.store_ptr(s.pairs(low, high), to.add(whole / 2));
        }
    }
}

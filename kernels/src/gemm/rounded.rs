//! The left-hand side of a product in bf16.

use std::cell::Cell;

use super::row_stride;
use crate::Factors;
use crate::simd::{Kernel, Simd};

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

    /// Rounds `k` floats of each of `count` rows, and lets `rows` point at the results.
    #[inline(always)]
    pub(crate) fn round<'a, S: Simd>(
        &mut self,
        s: S,
        k: usize,
        count: usize,
        rows: impl Iterator<Item = &'a mut *const f32>,
    ) {
        let ld = row_stride(Factors::Bf16.floats(k).next_multiple_of(S::LANES));
        if self.0.len() < count * ld {
            self.0.resize(count * ld, 0.0);
        }
        for (row, to) in rows.zip(self.0.chunks_exact_mut(ld.max(1))) {
            s.call(Round { from: *row, k, to: to.as_mut_ptr() });
            *row = to.as_ptr();
        }
    }
}

/// Rounds `k` floats.
struct Round {
    from: *const f32,
    k: usize,
    to: *mut f32,
}

impl Kernel for Round {
    type Output = ();

    /// The maker vouches for `k` floats to read, and for whole vectors to write.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let step = 2 * S::LANES;
        let whole = self.k / step * step;
        // SAFETY: no more than `k` floats are read; half as many are written, in whole vectors.
        unsafe {
            for at in (0..whole).step_by(step) {
                let (low, high) =
                    (s.load_ptr(self.from.add(at)), s.load_ptr(self.from.add(at + S::LANES)));
                s.store_ptr(s.pairs(low, high), self.to.add(at / 2));
            }
            let rest = self.k - whole;
            if rest > 0 {
                let from = self.from.add(whole);
                let (first, second) = (rest.min(S::LANES), rest.saturating_sub(S::LANES));
                let low = s.load_ptr_partial(from, first);
                let high = s.load_ptr_partial(from.wrapping_add(first), second);
                s.store_ptr(s.pairs(low, high), self.to.add(whole / 2));
            }
        }
    }
}

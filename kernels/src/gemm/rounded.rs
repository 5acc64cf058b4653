//! The left-hand side of a product in bf16.

use std::cell::Cell;

use super::indirect::Table;
use crate::Factors;
use crate::simd::{Kernel, Simd};

thread_local! {
    static KEPT: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// The rows of a tile as pairs of bf16, in memory that a thread keeps.
#[derive(Default)]
pub(super) struct Rounded(Vec<f32>);

impl Rounded {
    pub(super) fn take() -> Rounded {
        Rounded(KEPT.take())
    }

    pub(super) fn keep(self) {
        KEPT.set(self.0);
    }

    /// Rounds `k` floats of each tap and row of `table`, and lets it point at the results.
    #[inline(always)]
    pub(super) fn round<S: Simd>(
        &mut self,
        s: S,
        taps: usize,
        rows: usize,
        k: usize,
        table: &mut Table,
    ) {
        let ld = Factors::Bf16.floats(k).next_multiple_of(S::LANES);
        if self.0.len() < taps * rows * ld {
            self.0.resize(taps * rows * ld, 0.0);
        }
        let all = table.rows[..taps].iter_mut().flat_map(|tap| &mut tap[..rows]);
        for (row, to) in all.zip(self.0.chunks_exact_mut(ld)) {
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

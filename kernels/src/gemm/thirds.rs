//! The left-hand side of a product of thirds: rows that a thread cuts once and keeps for the panels of several pieces.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::rounded::Convert;
use super::row::Row;
use super::source::{Source, Table};
use super::tile::SECOND;
use crate::Products;
use crate::aligned::Aligned;
use crate::simd::Simd;

thread_local! {
    static KEPT: Cell<Thirds> = const { Cell::new(Thirds::none()) };
}

/// Tells the products of a run from those of all others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run(u64);

impl Run {
    pub(crate) fn next() -> Run {
        static RUNS: AtomicU64 = AtomicU64::new(1);
        Run(RUNS.fetch_add(1, Ordering::Relaxed))
    }
}

/// Rows in thirds, in memory that a thread keeps.
pub(crate) struct Thirds {
    floats: Aligned,
    of: Run,
    rows: Range<usize>,
    ld: usize,
}

impl Thirds {
    pub(crate) const fn none() -> Thirds {
        Thirds { floats: Aligned::none(), of: Run(0), rows: 0..0, ld: 0 }
    }

    /// What the thread has kept.
    pub(crate) fn take() -> Thirds {
        KEPT.replace(Thirds::none())
    }

    pub(crate) fn keep(self) {
        KEPT.set(self);
    }

    /// Cuts the `k` numbers of each of `rows`, unless the thread did so before in the same run.
    #[inline(always)]
    pub(crate) fn cut<S: Simd, A: Source>(
        &mut self,
        s: S,
        of: Run,
        source: &A,
        rows: Range<usize>,
        k: usize,
        table: &mut Table,
    ) {
        if self.of == of && self.rows == rows {
            return;
        }
        let Row { third, ld, .. } = Row::new(S::ISA, Products::Bf16x3, k);
        let floats = rows.len() * ld;
        if self.floats.len() < floats {
            self.floats = Aligned::zeros(floats);
        }
        for first in rows.clone().step_by(SECOND) {
            let some = first..rows.end.min(first + SECOND);
            source.gather(some.clone(), 0, 0..1, table);
            let to = self.floats[(first - rows.start) * ld..].as_mut_ptr();
            let (rows, taps) = (0..some.len(), &mut table.rows[..1]);
            s.call(Convert { k, rows, third, ld, taps, to });
        }
        (self.of, self.rows, self.ld) = (of, rows, ld);
    }

    /// Where row `row` is.
    #[inline(always)]
    pub(crate) fn row(&self, row: usize) -> *const f32 {
        self.floats.as_ptr().wrapping_add((row - self.rows.start) * self.ld)
    }
}

//! Sums, means, maxima and minima over the middle of three dimensions.
//!
//! Any set of neighbouring axes is the middle of `[outer, reduced, inner]`; other sets are a permutation away. Where
//! `inner` is one, a row is reduced across its lanes; elsewhere many columns are reduced side by side.

mod columns;
#[cfg(test)]
mod tests;

use columns::{Column, reduce_columns};

use crate::simd::{Kernel, Simd, dispatch};
use crate::split::{Base, rows_mut};
use crate::vectors::{Itself, max_of, sum_of};
use crate::{Context, Image, Rows};

/// What is made of many numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// Their sum
    Sum,
    /// Their mean
    Mean,
    /// The largest, not-a-number if one is not
    Max,
    /// The smallest, not-a-number if one is not
    Min,
}

/// Every reduction, for tests and benches.
pub const VARIANTS: [Reduce; 4] = [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min];

/// `[outer, reduced, inner] -> [outer, inner]`.
///
/// # Panics
/// When a slice has another length than its extents say.
pub fn reduce(
    ctx: Context,
    op: Reduce,
    x: &[f32],
    [outer, reduced, inner]: [usize; 3],
    out: &mut [f32],
) {
    assert_eq!((x.len(), out.len()), (outer * reduced * inner, outer * inner));
    if inner == 1 {
        return rows_mut(ctx.pool, out, 1, reduced, |first, out| {
            let x = &x[first * reduced..][..out.len() * reduced];
            dispatch(ctx.isa, ReduceRows { op, x, n: reduced, out });
        });
    }
    columns(ctx, op, Rows::dense(x, inner), [outer, reduced], out);
}

/// The mean of each channel over the pixels of a picture: `[n, h, w, c] -> [n, c]`.
///
/// # Panics
/// When extents disagree.
pub fn global_avg_pool(ctx: Context, x: Image, out: &mut [f32]) {
    x.check();
    assert_eq!(out.len(), x.n * x.c);
    columns(ctx, Reduce::Mean, x.pixels, [x.n, x.h * x.w], out);
}

/// Reduces columns; `x` holds `outer * reduced` rows, `out` as many columns of `outer` rows without gaps.
fn columns(ctx: Context, op: Reduce, x: Rows, [outer, reduced]: [usize; 2], out: &mut [f32]) {
    /// Columns that a piece has at least: whole cache lines.
    const COLUMNS: usize = 64;
    let inner = x.width();
    if outer * inner == 0 {
        return;
    }
    let worthwhile = crate::split::GRAIN.div_ceil(reduced.max(1));
    let width = worthwhile.max(inner.div_ceil(2 * ctx.pool.threads())).next_multiple_of(COLUMNS);
    let parts = inner.div_ceil(width);
    let out = Base(out.as_mut_ptr());
    ctx.pool.run(outer * parts, &|i| {
        let (row, from) = (i / parts, i % parts * width);
        let n = width.min(inner - from);
        // SAFETY: parts do not overlap and end within the output.
        let out = unsafe { out.slice(row * inner + from, n) };
        let x = x.part(row * reduced, reduced).skip_columns(from);
        dispatch(ctx.isa, Column { op, x, out });
    });
}

/// Rows of `n`, one for each number of `out`.
struct ReduceRows<'a> {
    op: Reduce,
    x: &'a [f32],
    n: usize,
    out: &'a mut [f32],
}

impl Kernel for ReduceRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let n = self.n;
        for (i, out) in self.out.iter_mut().enumerate() {
            let x = self.x[i * n..][..n].as_ptr();
            // SAFETY: `x` is the beginning of a row of `n`.
            *out = unsafe {
                match self.op {
                    Reduce::Sum => sum_of(s, Itself, x, n),
                    Reduce::Mean => sum_of(s, Itself, x, n) / n as f32,
                    Reduce::Max => max_of(s, x, n),
                    Reduce::Min => min_of(s, &self.x[i * n..][..n]),
                }
            };
        }
    }
}

/// As columns of one, which keeps the order of the lanes out of it.
#[inline(always)]
fn min_of<S: Simd>(s: S, x: &[f32]) -> f32 {
    let (whole, rest) = x.split_at(x.len() / S::LANES * S::LANES);
    let mut lanes = [f32::INFINITY; 16];
    if !whole.is_empty() {
        reduce_columns(s, Reduce::Min, Rows::dense(whole, S::LANES), &mut lanes[..S::LANES]);
    }
    lanes.iter().chain(rest).fold(f32::INFINITY, |a, &b| if a.is_nan() || a < b { a } else { b })
}

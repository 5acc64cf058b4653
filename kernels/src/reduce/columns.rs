//! Many columns side by side.

use super::Reduce;
use crate::Rows;
use crate::simd::{Kernel, Simd};

/// Rows after which a partial sum is put by, so that long sums keep their digits.
const BLOCK: usize = 64;

/// The reduction of the rows of `x` to one row.
pub(super) struct Column<'a> {
    pub(super) op: Reduce,
    pub(super) x: Rows<'a>,
    pub(super) out: &'a mut [f32],
}

impl Kernel for Column<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        reduce_columns(s, self.op, self.x, self.out);
    }
}

/// `out[j]` of column `j` of `x`.
#[inline(always)]
pub(super) fn reduce_columns<S: Simd>(s: S, op: Reduce, x: Rows, out: &mut [f32]) {
    assert!(x.width() >= out.len());
    let mut at = 0;
    while at < out.len() {
        let from = x.skip_columns(at);
        let left = out.len() - at;
        let wide = 4 * S::LANES;
        // SAFETY: the rows have `left` more columns.
        unsafe {
            if left >= wide {
                block::<S, 4>(s, op, from, &mut out[at..at + wide]);
                at += wide;
            } else {
                let n = left.min(S::LANES);
                block::<S, 1>(s, op, from, &mut out[at..at + n]);
                at += n;
            }
        }
    }
}

/// Up to `V` vectors of columns.
///
/// # Safety
/// `x` has as many columns as `out` at least, which fills `V` vectors or part of one.
#[inline(always)]
unsafe fn block<S: Simd, const V: usize>(s: S, op: Reduce, x: Rows, out: &mut [f32]) {
    let (count, ld) = (x.rows(), x.ld());
    let start = match op {
        Reduce::Sum | Reduce::Mean => 0.0,
        Reduce::Max => f32::NEG_INFINITY,
        Reduce::Min => f32::INFINITY,
    };
    let mut total = [s.splat(start); V];
    for first in (0..count).step_by(BLOCK) {
        let mut part = [s.splat(start); V];
        for i in first..(first + BLOCK).min(count) {
            for (v, part) in part.iter_mut().enumerate() {
                let at = i * ld + v * S::LANES;
                // SAFETY: the row reaches as far as `out` does.
                let x = unsafe {
                    if out.len() < S::LANES {
                        s.load_ptr_partial(x.ptr().add(at), out.len())
                    } else {
                        s.load_ptr(x.ptr().add(at))
                    }
                };
                *part = combine(s, op, *part, x);
            }
        }
        for (total, part) in total.iter_mut().zip(part) {
            *total = combine(s, op, *total, part);
        }
    }
    let scale = if op == Reduce::Mean { 1.0 / count as f32 } else { 1.0 };
    for (total, out) in total.into_iter().zip(out.chunks_mut(S::LANES)) {
        s.store_partial(s.mul(total, s.splat(scale)), out);
    }
}

#[inline(always)]
fn combine<S: Simd>(s: S, op: Reduce, a: S::F32, b: S::F32) -> S::F32 {
    match op {
        Reduce::Sum | Reduce::Mean => s.add(a, b),
        Reduce::Max => s.select(s.is_nan(a), a, s.max(a, b)),
        Reduce::Min => s.select(s.is_nan(a), a, s.min(a, b)),
    }
}

//! Softmax and its logarithm over the last dimension.
//!
//! The largest element is subtracted first, so nothing overflows. As in PyTorch, a row that is all minus infinity, or has
//! a not-a-number or plus infinity, becomes all not-a-number.

#[cfg(test)]
mod tests;

use crate::elementwise::{Each, map};
use crate::math::exp;
use crate::row_kernel::{RowKernel, each_row};
use crate::simd::Simd;
use crate::vectors::{Times, first_lanes, load_up_to, max_of, store_up_to, sum_of};
use crate::{Context, Rows, RowsMut};

/// `out[i, j] = e^x[i, j] / sum over k of e^x[i, k]`.
///
/// # Panics
/// When extents disagree.
pub fn softmax(ctx: Context, x: Rows, out: RowsMut) {
    run(ctx, Op::Softmax, Some(x), out);
}

/// [`softmax`] over its own input.
pub fn softmax_in_place(ctx: Context, x: RowsMut) {
    run(ctx, Op::Softmax, None, x);
}

/// `out[i, j] = x[i, j] - ln(sum over k of e^x[i, k])`.
///
/// # Panics
/// When extents disagree.
pub fn log_softmax(ctx: Context, x: Rows, out: RowsMut) {
    run(ctx, Op::LogSoftmax, Some(x), out);
}

enum Op {
    Softmax,
    LogSoftmax,
}

/// From `x`, or from `out` itself.
fn run(ctx: Context, op: Op, x: Option<Rows>, out: RowsMut) {
    assert!(x.is_none_or(|x| x.extents() == out.extents()), "rows of a softmax");
    let cost = 4 * out.width();
    each_row(ctx, out, cost, &OfRow { op, x });
}

/// Of a row of `x`, or in place.
struct OfRow<'a> {
    op: Op,
    x: Option<Rows<'a>>,
}

impl RowKernel for OfRow<'_> {
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, i: usize, out: &mut [f32]) {
        let (out, n) = (out.as_mut_ptr(), out.len());
        let x = self.x.map_or(out.cast_const(), |x| x.row(i).as_ptr());
        // SAFETY: both rows have `n` floats and are the same or apart.
        unsafe {
            match self.op {
                Op::Softmax => softmax_row(s, x, out, n),
                Op::LogSoftmax => log_softmax_row(s, x, out, n),
            }
        }
    }
}

/// The softmax of `n` floats at `x`, inlined into another kernel.
///
/// # Safety
/// `n` floats can be read at `x` and written at `out`, which are the same or apart.
#[inline(always)]
pub(crate) unsafe fn softmax_row<S: Simd>(s: S, x: *const f32, out: *mut f32, n: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        match n.div_ceil(S::LANES) {
            1 => return of_vectors::<S, 1>(s, x, out, n),
            2 => return of_vectors::<S, 2>(s, x, out, n),
            _ => {}
        }
        let max = max_of(s, x, n);
        let mut sum = s.zero();
        let mut i = 0;
        while i < n {
            let left = (n - i).min(S::LANES);
            let e = exp(s, s.sub(s.load_ptr_partial(x.add(i), left), s.splat(max)));
            s.store_ptr_partial(e, out.add(i), left);
            sum = s.add(sum, s.select(first_lanes(s, left), e, s.zero()));
            i += left;
        }
        map(s, Times(1.0 / s.reduce_add(sum)), out, out, n);
    }
}

/// [`softmax_row`] of up to `V` vectors, which stay in registers.
#[inline(always)]
unsafe fn of_vectors<S: Simd, const V: usize>(s: S, x: *const f32, out: *mut f32, n: usize) {
    let lowest = s.splat(f32::NEG_INFINITY);
    let mut all = [lowest; V];
    let mut max = lowest;
    for (v, at) in all.iter_mut().zip((0..n).step_by(S::LANES)) {
        let left = n - at;
        // SAFETY: the caller's contract.
        *v = unsafe { load_up_to(s, x.add(at), left) };
        if left < S::LANES {
            *v = s.select(first_lanes(s, left), *v, lowest);
        }
        max = s.max(*v, max);
    }
    let max = s.splat(s.reduce_max(max));
    let mut sum = s.zero();
    for v in &mut all {
        *v = exp(s, s.sub(*v, max));
        sum = s.add(sum, *v);
    }
    let factor = s.splat(1.0 / s.reduce_add(sum));
    for (v, at) in all.iter().zip((0..n).step_by(S::LANES)) {
        // SAFETY: the caller's contract.
        unsafe { store_up_to(s, s.mul(*v, factor), out.add(at), n - at) };
    }
}

/// The logarithm of the softmax.
///
/// # Safety
/// As for [`softmax_row`].
#[inline(always)]
unsafe fn log_softmax_row<S: Simd>(s: S, x: *const f32, out: *mut f32, n: usize) {
    // SAFETY: the caller's contract.
    unsafe {
        let max = max_of(s, x, n);
        let sum = sum_of(s, ExpLess(max), x, n);
        map(s, LessBoth(max, sum.ln()), x, out, n);
    }
}

/// `e^(x - a)`
#[derive(Clone, Copy)]
struct ExpLess(f32);

impl Each for ExpLess {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        exp(s, s.sub(x, s.splat(self.0)))
    }
}

/// `(x - a) - b`
#[derive(Clone, Copy)]
struct LessBoth(f32, f32);

impl Each for LessBoth {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        s.sub(s.sub(x, s.splat(self.0)), s.splat(self.1))
    }
}

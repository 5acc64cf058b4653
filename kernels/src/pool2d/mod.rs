//! Maxima and means over windows of a picture, channels last.
//!
//! For one output pixel the window is walked once per run of channels, with the result in registers.

#[cfg(test)]
mod tests;
mod window;

pub use window::{Pool2d, PoolError};

use window::Span;

use crate::row_kernel::{RowKernel, each_row};
use crate::simd::Simd;
use crate::{Context, Image, ImageMut, Rows};

/// The largest value of each window, not-a-number if one is not; the border counts as minus infinity.
///
/// # Panics
/// When the extents of `out` are not those of [`Pool2d::out_size`] or a slice is too short.
pub fn max_pool2d(ctx: Context, pool: &Pool2d, x: Image, out: ImageMut) {
    let spans = |axis: usize, extent: usize| move |i| pool.inside(axis, i, extent);
    run(ctx, Op::Max, pool.out_size([x.h, x.w]).ok(), spans, x, out);
}

/// The mean of each window, over the window with its border where `count_include_pad`, else over what is inside.
///
/// # Panics
/// When the extents of `out` are not those of [`Pool2d::out_size`], a slice is too short or the window is dilated.
pub fn avg_pool2d(ctx: Context, pool: &Pool2d, count_include_pad: bool, x: Image, out: ImageMut) {
    assert_eq!(pool.dilation, [1, 1], "means are over windows without gaps");
    let spans = |axis: usize, extent: usize| {
        move |i| {
            let span = pool.inside(axis, i, extent);
            let weight =
                if count_include_pad { pool.padded_len(axis, i, extent) } else { span.count };
            Span { weight, ..span }
        }
    };
    run(ctx, Op::Mean, pool.out_size([x.h, x.w]).ok(), spans, x, out);
}

/// The mean of windows that divide the picture as evenly as possible into the pixels of `out`.
///
/// # Panics
/// When a slice is too short, or `out` has pixels and `x` none.
pub fn adaptive_avg_pool2d(ctx: Context, x: Image, out: ImageMut) {
    let size = [out.h, out.w];
    let spans = |axis: usize, extent: usize| {
        move |i: usize| {
            let first = i * extent / size[axis];
            let count = ((i + 1) * extent).div_ceil(size[axis]) - first;
            Span { first, count, step: 1, weight: count }
        }
    };
    run(ctx, Op::Mean, Some(size), spans, x, out);
}

#[derive(Clone, Copy, PartialEq)]
enum Op {
    Max,
    Mean,
}

/// Walks the output; `spans(axis, extent)(i)` is the window of output row or column `i`.
fn run<F: Fn(usize) -> Span + Sync>(
    ctx: Context,
    op: Op,
    size: Option<[usize; 2]>,
    spans: impl Fn(usize, usize) -> F,
    x: Image,
    out: ImageMut,
) {
    x.check();
    out.check();
    let size_out = [out.h, out.w];
    assert_eq!((size, x.n, x.c), (Some(size_out), out.n, out.c), "output of a pooling");
    if out.pixels.rows() == 0 {
        return;
    }
    assert!(x.h * x.w > 0, "windows without pixels");
    let spans = [spans(0, x.h), spans(1, x.w)];
    let taps = (spans[0])(out.h / 2).count * (spans[1])(out.w / 2).count;
    let cost = x.c * taps.div_ceil(4);
    each_row(ctx, out.pixels, cost, &Windows { op, x, size: size_out, spans: &spans });
}

/// Output pixels are counted through all pictures.
struct Windows<'a, F> {
    op: Op,
    x: Image<'a>,
    /// Height and width of the output.
    size: [usize; 2],
    spans: &'a [F; 2],
}

impl<F: Fn(usize) -> Span + Sync> RowKernel for Windows<'_, F> {
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, i: usize, out: &mut [f32]) {
        let [height, width] = self.size;
        let (row, column) = (i / width, i % width);
        let windows = [(self.spans[0])(row % height), (self.spans[1])(column)];
        pixel(s, self.op, (self.x.picture(row / height), self.x.w), windows, out);
    }
}

/// All channels of one pixel of the output, from a picture and its width.
#[inline(always)]
fn pixel<S: Simd>(s: S, op: Op, x: (Rows, usize), windows: [Span; 2], out: &mut [f32]) {
    let mut at = 0;
    while at < out.len() {
        let left = out.len() - at;
        if left >= 4 * S::LANES {
            channels::<S, 4>(s, op, x, windows, at, &mut out[at..at + 4 * S::LANES]);
            at += 4 * S::LANES;
        } else {
            let n = left.min(S::LANES);
            channels::<S, 1>(s, op, x, windows, at, &mut out[at..at + n]);
            at += n;
        }
    }
}

/// Up to `V` vectors of channels from channel `at` on: all of them whole, or one of which `out` may be a part.
#[inline(always)]
fn channels<S: Simd, const V: usize>(
    s: S,
    op: Op,
    (x, width): (Rows, usize),
    [rows, columns]: [Span; 2],
    at: usize,
    out: &mut [f32],
) {
    let mut held = [s.splat(if op == Op::Max { f32::NEG_INFINITY } else { 0.0 }); V];
    for y in 0..rows.count {
        let row = (rows.first + y * rows.step) * width;
        for i in 0..columns.count {
            let pixel = x.row(row + columns.first + i * columns.step);
            let x = &pixel[at..][..out.len()];
            for (held, x) in held.iter_mut().zip(x.chunks(S::LANES)) {
                let x = if V == 1 { s.load_partial(x) } else { s.load(x) };
                *held = match op {
                    Op::Max => s.select(s.is_nan(*held), *held, s.max(*held, x)),
                    Op::Mean => s.add(*held, x),
                };
            }
        }
    }
    let weight = if op == Op::Mean { (rows.weight * columns.weight) as f32 } else { 1.0 };
    for (held, out) in held.into_iter().zip(out.chunks_mut(S::LANES)) {
        s.store_partial(s.div(held, s.splat(weight)), out);
    }
}

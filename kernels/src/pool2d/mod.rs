//! Maxima and means over windows of a picture, channels last.
//!
//! For one output pixel the window is walked once per run of channels, with the result in registers. Pictures may hold bf16, of
//! which there is an even number of channels.

#[cfg(test)]
mod tests;
mod window;

pub use window::{Pool2d, PoolError};

use window::Span;

use crate::row_kernel::{RowKernel, each_row, each_row_of_pairs};
use crate::simd::Simd;
use crate::vectors::{load_two, load_up_to, store_two};
use crate::{Context, Factors, Image, ImageMut, Rows};

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
    x.check_numbers();
    out.check_numbers();
    let size_out = [out.h, out.w];
    assert_eq!((size, x.n, x.c), (Some(size_out), out.n, out.c), "output of a pooling");
    if out.pixels.rows() == 0 {
        return;
    }
    assert!(x.h * x.w > 0, "windows without pixels");
    let spans = [spans(0, x.h), spans(1, x.w)];
    let taps = (spans[0])(out.h / 2).count * (spans[1])(out.w / 2).count;
    let cost = x.c * taps.div_ceil(4);
    let windows = Windows { op, x, size: size_out, spans: &spans, writes: out.pixels.factors() };
    match windows.writes {
        Factors::F32 => each_row(ctx, out.pixels, cost, &windows),
        Factors::Bf16 => each_row_of_pairs(ctx, out.pixels, cost, &windows),
    }
}

/// Output pixels are counted through all pictures.
struct Windows<'a, F> {
    op: Op,
    x: Image<'a>,
    /// Height and width of the output.
    size: [usize; 2],
    spans: &'a [F; 2],
    writes: Factors,
}

impl<F: Fn(usize) -> Span + Sync> RowKernel for Windows<'_, F> {
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, i: usize, out: &mut [f32]) {
        let [height, width] = self.size;
        let (row, column) = (i / width, i % width);
        let pixel = Pixel {
            op: self.op,
            picture: self.x.picture(row / height),
            width: self.x.w,
            windows: [(self.spans[0])(row % height), (self.spans[1])(column)],
            writes: self.writes,
        };
        let mut at = 0;
        while at < self.x.c {
            if self.x.c - at >= 4 * S::LANES {
                pixel.channels::<S, 2>(s, at, 4 * S::LANES, out);
                at += 4 * S::LANES;
            } else {
                let n = (self.x.c - at).min(2 * S::LANES);
                pixel.channels::<S, 1>(s, at, n, out);
                at += n;
            }
        }
    }
}

/// A pixel of the output.
struct Pixel<'a> {
    op: Op,
    picture: Rows<'a>,
    /// Of the picture.
    width: usize,
    windows: [Span; 2],
    writes: Factors,
}

impl Pixel<'_> {
    /// `n` channels from channel `at` on: `V` times two whole vectors, or of `V = 1` a part of them.
    #[inline(always)]
    fn channels<S: Simd, const V: usize>(&self, s: S, at: usize, n: usize, out: &mut [f32]) {
        let (op, reads, [rows, columns]) = (self.op, self.picture.factors(), self.windows);
        let each = 2 * S::LANES;
        let mut held = [[s.splat(if op == Op::Max { f32::NEG_INFINITY } else { 0.0 }); 2]; V];
        for y in 0..rows.count {
            let row = (rows.first + y * rows.step) * self.width;
            for i in 0..columns.count {
                let pixel = self.picture.row(row + columns.first + i * columns.step);
                let from = &pixel[reads.floats(at)..][..reads.floats(n)];
                for (k, held) in held.iter_mut().enumerate() {
                    let from = from[reads.floats(k * each)..].as_ptr();
                    // SAFETY: the slice holds `n` numbers, `V * each` of them or the one time fewer.
                    let x = unsafe {
                        match reads {
                            Factors::F32 => load_two(s, reads, from, n.min(each)),
                            Factors::Bf16 => s.halves(load_up_to(s, from, n / 2)),
                        }
                    };
                    for (held, x) in held.iter_mut().zip(x) {
                        *held = match op {
                            Op::Max => s.select(s.is_nan(*held), *held, s.max(*held, x)),
                            Op::Mean => s.add(*held, x),
                        };
                    }
                }
            }
        }
        let weight = if op == Op::Mean { (rows.weight * columns.weight) as f32 } else { 1.0 };
        let out = &mut out[self.writes.floats(at)..][..self.writes.floats(n)];
        for (k, [low, high]) in held.into_iter().enumerate() {
            let [low, high] = if reads == Factors::Bf16 { s.zip(low, high) } else { [low, high] };
            let both = [s.div(low, s.splat(weight)), s.div(high, s.splat(weight))];
            let to = out[self.writes.floats(k * each)..].as_mut_ptr();
            // SAFETY: as above.
            unsafe { store_two(s, self.writes, both, to, n.min(each)) };
        }
    }
}

//! The walk over the tables.

use super::ResizePlan;
use crate::Context;
use crate::image::{Image, ImageMut};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::{Base, GRAIN};
use crate::taps::blend;

/// `[n, h, w, c] -> [n, h', w', c]` by the tables of `plan`.
///
/// # Panics
/// When the sizes are not those of the plan, or `scratch` is shorter than [`ResizePlan::scratch_len`].
pub fn resize(ctx: Context, plan: &ResizePlan, x: Image, out: ImageMut, scratch: &mut [f32]) {
    x.check();
    let out = out.checked();
    let (from, to) = (x.shape, out.shape);
    assert_eq!(([from.h, from.w], [to.h, to.w]), (plan.from, plan.out_size()));
    assert_eq!((from.n, from.c), (to.n, to.c));
    assert!(scratch.len() >= plan.scratch_len(from.c, ctx.pool.threads()), "scratch of a resize");
    if out.data.is_empty() {
        return;
    }
    let rows = to.n * to.h;
    let cost = to.w * to.c * plan.vertical.of(0).len();
    let per_piece = GRAIN.div_ceil(cost.max(1)).max(rows.div_ceil(plan.pieces(ctx.pool.threads())));
    let (row, ld, length) = (to.w * out.ld, out.ld, out.data.len());
    let scratch_row = if plan.copies() { 0 } else { from.w * from.c };
    let (data, scratch) = (Base(out.data.as_mut_ptr()), Base(scratch.as_mut_ptr()));
    ctx.pool.run(rows.div_ceil(per_piece), &|i| {
        let first = i * per_piece;
        let end = (first + per_piece) * row;
        // SAFETY: pieces have rows and scratch of their own; there are no more than the scratch is long for.
        let (out, scratch) = unsafe {
            let out = data.slice(first * row, end.min(length) - first * row);
            (out, scratch.slice(i * scratch_row, scratch_row))
        };
        dispatch(ctx.isa, Run { plan, x, first, out, ld, scratch });
    });
}

/// The output rows from `first` on, counted through all pictures.
struct Run<'a> {
    plan: &'a ResizePlan,
    x: Image<'a>,
    first: usize,
    out: &'a mut [f32],
    ld: usize,
    scratch: &'a mut [f32],
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Run { plan, x, first, out, ld, scratch } = self;
        let [height, width] = plan.out_size();
        for (i, out) in out.chunks_mut(width * ld).enumerate() {
            let (picture, y) = ((first + i) / height, (first + i) % height);
            let picture = x.picture(picture);
            if plan.copies() {
                copy_row(plan, &x, picture, y, out, ld);
            } else {
                blend_rows(s, plan, &x, picture, y, scratch);
                blend_pixels(s, plan, x.shape.c, scratch, out, ld);
            }
        }
    }
}

#[inline(always)]
fn copy_row(plan: &ResizePlan, x: &Image, picture: &[f32], y: usize, out: &mut [f32], ld: usize) {
    let c = x.shape.c;
    let row = &picture[plan.vertical.of(y)[0].at * x.shape.w * x.ld..];
    for (column, out) in out.chunks_mut(ld).enumerate() {
        let from = plan.horizontal.of(column)[0].at * x.ld;
        out[..c].copy_from_slice(&row[from..][..c]);
    }
}

/// The blend of input rows that output row `y` is made of, to a dense row.
#[inline(always)]
fn blend_rows<S: Simd>(
    s: S,
    plan: &ResizePlan,
    x: &Image,
    picture: &[f32],
    y: usize,
    row: &mut [f32],
) {
    let (w, c) = (x.shape.w, x.shape.c);
    let (taps, step) = (plan.vertical.of(y), w * x.ld);
    // SAFETY: taps are rows of the picture, the extent of which was checked.
    unsafe {
        if x.ld == c {
            return blend(s, taps, (picture.as_ptr(), step), (row.as_mut_ptr(), w * c));
        }
        for (i, pixel) in row.chunks_mut(c).enumerate() {
            let from = picture.as_ptr().add(i * x.ld);
            blend(s, taps, (from, step), (pixel.as_mut_ptr(), c));
        }
    }
}

/// The blends of pixels of a dense row.
#[inline(always)]
fn blend_pixels<S: Simd>(
    s: S,
    plan: &ResizePlan,
    c: usize,
    row: &[f32],
    out: &mut [f32],
    ld: usize,
) {
    for (i, out) in out.chunks_mut(ld).enumerate() {
        let out = out[..c].as_mut_ptr();
        // SAFETY: taps are pixels of the row.
        unsafe { blend(s, plan.horizontal.of(i), (row.as_ptr(), c), (out, c)) };
    }
}

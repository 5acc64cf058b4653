//! The walk over the tables.

use super::ResizePlan;
use crate::simd::{Kernel, Simd, dispatch, dispatch_bf16};
use crate::split::{Base, GRAIN};
use crate::taps::{blend, blend_to_pairs};
use crate::{Context, Factors, Image, ImageMut, Isa, Rows, RowsMut};

/// `[n, h, w, c] -> [n, h', w', c]` by the tables of `plan`. The output may hold bf16.
///
/// # Panics
/// When the sizes are not those of the plan, or `scratch` is shorter than [`ResizePlan::scratch_len`].
pub fn resize(ctx: Context, plan: &ResizePlan, x: Image, out: ImageMut, scratch: &mut [f32]) {
    x.check();
    out.check_numbers();
    assert_eq!(([x.h, x.w], [out.h, out.w]), (plan.from, plan.out_size()));
    assert_eq!((x.n, x.c), (out.n, out.c));
    assert!(scratch.len() >= plan.scratch_len(x.c, ctx.pool.threads()), "scratch of a resize");
    if out.pixels.rows() * out.c == 0 {
        return;
    }
    let (rows, width) = (out.n * out.h, out.w);
    let cost = width * out.c * plan.vertical.of(0).len();
    let per_piece = GRAIN.div_ceil(cost.max(1)).max(rows.div_ceil(plan.pieces(ctx.pool.threads())));
    let scratch_row = plan.row_len(x.c);
    let (out, scratch) = (out.pixels, Base(scratch.as_mut_ptr()));
    ctx.pool.run(rows.div_ceil(per_piece), &|i| {
        let first = i * per_piece;
        let count = per_piece.min(rows - first);
        // SAFETY: pieces have rows and scratch of their own; there are no more than the scratch is long for.
        let (out, scratch) = unsafe {
            let out = out.part(first * width, count * width);
            (out, scratch.slice(i * scratch_row, scratch_row))
        };
        lines(ctx.isa, plan, x, first, out, scratch);
    });
}

/// The output rows from `first` on, counted through all pictures, as many as `out` has pixels for. `scratch` has
/// [`ResizePlan::row_len`].
pub(crate) fn lines(
    isa: Isa,
    plan: &ResizePlan,
    x: Image,
    first: usize,
    out: RowsMut,
    scratch: &mut [f32],
) {
    let run = Run { plan, x, first, out, scratch };
    match run.out.factors() {
        Factors::F32 => dispatch(isa, run),
        Factors::Bf16 => dispatch_bf16(isa, run),
    }
}

/// The output rows from `first` on, counted through all pictures.
struct Run<'a> {
    plan: &'a ResizePlan,
    x: Image<'a>,
    first: usize,
    out: RowsMut<'a>,
    scratch: &'a mut [f32],
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Run { plan, x, first, mut out, scratch } = self;
        let [height, width] = plan.out_size();
        for i in 0..out.rows() / width {
            let (picture, y) = (x.picture((first + i) / height), (first + i) % height);
            let out = out.part_mut(i * width, width);
            if plan.copies() {
                copy_row(s, plan, (picture, x.w), y, out);
            } else {
                blend_rows(s, plan, (picture, x.w), y, scratch);
                blend_pixels(s, plan, scratch, out);
            }
        }
    }
}

#[inline(always)]
fn copy_row<S: Simd>(
    s: S,
    plan: &ResizePlan,
    (picture, width): (Rows, usize),
    y: usize,
    mut out: RowsMut,
) {
    let row = picture.part(plan.vertical.of(y)[0].at * width, width);
    if out.factors() == Factors::Bf16 {
        return to_pairs(s, plan, (row.ptr(), row.ld()), out);
    }
    for column in 0..out.rows() {
        out.row_mut(column).copy_from_slice(row.row(plan.horizontal.of(column)[0].at));
    }
}

/// The blend of input rows that output row `y` is made of, to a dense row.
#[inline(always)]
fn blend_rows<S: Simd>(
    s: S,
    plan: &ResizePlan,
    (picture, width): (Rows, usize),
    y: usize,
    row: &mut [f32],
) {
    let (c, ld) = (picture.width(), picture.ld());
    let (taps, step) = (plan.vertical.of(y), width * ld);
    // SAFETY: taps are rows of the picture, the extent of which was checked.
    unsafe {
        if ld == c {
            return blend(s, taps, (picture.ptr(), step), (row.as_mut_ptr(), width * c));
        }
        for (i, pixel) in row.chunks_mut(c).enumerate() {
            let from = picture.ptr().add(i * ld);
            blend(s, taps, (from, step), (pixel.as_mut_ptr(), c));
        }
    }
}

/// The blends of pixels of a dense row.
#[inline(always)]
fn blend_pixels<S: Simd>(s: S, plan: &ResizePlan, row: &[f32], mut out: RowsMut) {
    let c = out.numbers()[1];
    if out.factors() == Factors::Bf16 {
        return to_pairs(s, plan, (row.as_ptr(), c), out);
    }
    for i in 0..out.rows() {
        let pixel = out.row_mut(i).as_mut_ptr();
        // SAFETY: taps are pixels of the row.
        unsafe { blend(s, plan.horizontal.of(i), (row.as_ptr(), c), (pixel, c)) };
    }
}

/// The blends of pixels, `step` floats apart, of which a row of pairs is made.
#[inline(always)]
fn to_pairs<S: Simd>(
    s: S,
    plan: &ResizePlan,
    (pixels, step): (*const f32, usize),
    mut out: RowsMut,
) {
    let c = out.numbers()[1];
    for i in 0..out.rows() {
        let pixel = out.row_mut(i).as_mut_ptr();
        // SAFETY: taps are pixels of the row, which have `c` numbers.
        unsafe { blend_to_pairs(s, plan.horizontal.of(i), (pixels, step), (pixel, c)) };
    }
}

//! Sampling at given positions with given weights.

use super::{Deformable, MAX_POINTS};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::each_part;
use crate::taps::{Tap, blend};
use crate::{Context, Rows, RowsMut};

/// `[n, queries, heads * dim]` from `value`, `[n, rows, heads * dim]`, at `positions`, `[n, queries, heads, points, 2]` of
/// `x, y` in `0..1`, with `weights`, `[n, queries, heads, points]`. The points of a head are those of the first level, then
/// of the second, and so on.
///
/// # Panics
/// When extents disagree or there are more than [`MAX_POINTS`] points.
pub fn deformable_attention(
    ctx: Context,
    shape: &Deformable,
    value: Rows,
    positions: &[f32],
    weights: &[f32],
    out: RowsMut,
) {
    let points = shape.n * shape.queries * shape.heads * shape.points();
    assert_eq!((positions.len(), weights.len()), (2 * points, points));
    run(ctx, shape, value, &Given { shape, positions, weights }, out);
}

/// Where the points of a query are.
pub(super) trait Points: Sync {
    /// Positions and weights of the points of a head. Implementations are `#[inline(always)]`.
    fn fill<S: Simd>(&self, s: S, at: Head, positions: &mut [[f32; 2]], weights: &mut [f32]);
}

/// A head of a query, which is counted through the batch.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub(super) query: usize,
    pub(super) head: usize,
}

struct Given<'a> {
    shape: &'a Deformable<'a>,
    positions: &'a [f32],
    weights: &'a [f32],
}

impl Points for Given<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _: S, at: Head, positions: &mut [[f32; 2]], weights: &mut [f32]) {
        let from = (at.query * self.shape.heads + at.head) * weights.len();
        let pairs = self.positions[2 * from..].as_chunks::<2>().0;
        positions.copy_from_slice(&pairs[..positions.len()]);
        weights.copy_from_slice(&self.weights[from..][..weights.len()]);
    }
}

pub(super) fn run<P: Points>(
    ctx: Context,
    shape: &Deformable,
    value: Rows,
    points: &P,
    out: RowsMut,
) {
    assert!(shape.points() <= MAX_POINTS, "{} points of a head", shape.points());
    let width = shape.heads * shape.dim;
    assert_eq!(value.extents(), [shape.n * shape.rows(), width]);
    assert_eq!(out.extents(), [shape.n * shape.queries, width]);
    each_part(ctx.pool, out, 4 * shape.points() * width, |first, out| {
        dispatch(ctx.isa, Run { shape, value, points, first, out });
    });
}

/// The queries from `first` on.
struct Run<'a, P> {
    shape: &'a Deformable<'a>,
    value: Rows<'a>,
    points: &'a P,
    first: usize,
    out: RowsMut<'a>,
}

impl<P: Points> Kernel for Run<'_, P> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let mut scratch = Scratch {
            positions: [[0.0; 2]; MAX_POINTS],
            weights: [0.0; MAX_POINTS],
            taps: [Tap::default(); 4 * MAX_POINTS + 1],
        };
        for i in 0..self.out.rows() {
            for head in 0..self.shape.heads {
                self.head(s, i, Head { query: self.first + i, head }, &mut scratch);
            }
        }
    }
}

/// The points of one head, and the rows that they become, with room for one that is outside.
struct Scratch {
    positions: [[f32; 2]; MAX_POINTS],
    weights: [f32; MAX_POINTS],
    taps: [Tap; 4 * MAX_POINTS + 1],
}

impl<P: Points> Run<'_, P> {
    /// One head of output row `i`.
    #[inline(always)]
    fn head<S: Simd>(&mut self, s: S, i: usize, at: Head, scratch: &mut Scratch) {
        let (shape, n) = (self.shape, self.shape.points());
        let rows = shape.rows();
        let (positions, weights) = (&mut scratch.positions[..n], &mut scratch.weights[..n]);
        self.points.fill(s, at, positions, weights);
        let mut points = positions.iter().zip(weights);
        let (mut map, mut count) = (0, 0);
        for level in shape.levels {
            for (&position, &mut weight) in points.by_ref().take(level.points) {
                let size = [level.h, level.w];
                push(&mut scratch.taps, &mut count, size, map, position, weight);
            }
            map += level.h * level.w;
        }
        if shape.dim == 0 {
            return;
        }
        let value = self.value.part(at.query / shape.queries * rows, rows);
        let value = value.skip_columns(at.head * shape.dim);
        let out = &mut self.out.row_mut(i)[at.head * shape.dim..][..shape.dim];
        let (taps, out) = (&scratch.taps[..count], (out.as_mut_ptr(), out.len()));
        // SAFETY: taps are rows of the maps, which end within the checked rows of `value`.
        unsafe { blend(s, taps, (value.ptr(), value.ld()), out) };
    }
}

/// Adds the pixels around `x, y` that are inside of the map, whose rows begin at `map`.
#[inline(always)]
fn push(
    taps: &mut [Tap; 4 * MAX_POINTS + 1],
    count: &mut usize,
    [h, w]: [usize; 2],
    map: usize,
    [x, y]: [f32; 2],
    weight: f32,
) {
    let (x, y) = (x * w as f32 - 0.5, y * h as f32 - 0.5);
    if !(x > -1.0 && x < w as f32 && y > -1.0 && y < h as f32) {
        return;
    }
    let (left, top) = (x.floor(), y.floor());
    let (right, bottom) = (x - left, y - top);
    let (column, row) = (left as i32, top as i32);
    let at = map as isize + row as isize * w as isize + column as isize;
    let (has_left, has_right) = (column >= 0, column + 1 < w as i32);
    let (above, below) = ((1.0 - bottom) * weight, bottom * weight);
    for (inside, at, weight) in
        [(row >= 0, at, above), (row + 1 < h as i32, at + w as isize, below)]
    {
        // A tap that is outside is overwritten by the next one.
        taps[*count] = Tap { at: at as usize, weight: weight * (1.0 - right) };
        *count += usize::from(inside && has_left);
        taps[*count] = Tap { at: (at + 1) as usize, weight: weight * right };
        *count += usize::from(inside && has_right);
    }
}

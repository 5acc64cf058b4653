//! Sampling at offsets from reference points or boxes, with the softmax of the weights inside.

use super::run::{Head, Points, run};
use super::{Deformable, Level};
use crate::simd::Simd;
use crate::softmax::softmax_row;
use crate::{Context, Rows, RowsMut};

/// What offsets are relative to.
#[derive(Clone, Copy, Debug)]
pub enum Reference<'a> {
    /// Boxes `[n, queries, 4]` of middle and size in `0..1`: a position is the middle plus
    /// `offset / points * size * 0.5`, where `points` are those of the level.
    Boxes(&'a [f32]),
    /// Points `[n, queries, 2]` in `0..1`: a position is the point plus `offset / [w, h]` of the level.
    Points(&'a [f32]),
}

/// What the projections of a query give.
#[derive(Clone, Copy, Debug)]
pub struct FusedInputs<'a> {
    /// Where each query is.
    pub reference: Reference<'a>,
    /// `[n * queries]` rows of `[heads, points, 2]`.
    pub offsets: Rows<'a>,
    /// `[n * queries]` rows of `[heads, points]`, before the softmax over the points of a head.
    pub logits: Rows<'a>,
}

/// [`deformable_attention`](super::deformable_attention) with positions and weights made inside.
///
/// # Panics
/// When extents disagree or there are more than [`MAX_POINTS`](super::MAX_POINTS) points.
pub fn deformable_attention_fused(
    ctx: Context,
    shape: &Deformable,
    value: Rows,
    inputs: &FusedInputs,
    out: RowsMut,
) {
    let (queries, points) = (shape.n * shape.queries, shape.points());
    assert_eq!(inputs.offsets.extents(), [queries, shape.heads * points * 2]);
    assert_eq!(inputs.logits.extents(), [queries, shape.heads * points]);
    let (reference, numbers) = match inputs.reference {
        Reference::Boxes(reference) => (reference, 4),
        Reference::Points(reference) => (reference, 2),
    };
    assert_eq!(reference.len(), numbers * queries);
    run(ctx, shape, value, &Fused { shape, inputs }, out);
}

struct Fused<'a> {
    shape: &'a Deformable<'a>,
    inputs: &'a FusedInputs<'a>,
}

impl Points for Fused<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, s: S, at: Head, positions: &mut [[f32; 2]], weights: &mut [f32]) {
        let n = weights.len();
        let logits = &self.inputs.logits.row(at.query)[at.head * n..][..n];
        // SAFETY: both hold `n` floats.
        unsafe { softmax_row(s, logits.as_ptr(), weights.as_mut_ptr(), n) };
        let offsets = &self.inputs.offsets.row(at.query)[2 * at.head * n..][..2 * n];
        let mut points = offsets.as_chunks::<2>().0.iter().zip(positions);
        for level in self.shape.levels {
            let (origin, scale) = self.frame(at.query, level);
            for ([x, y], position) in points.by_ref().take(level.points) {
                *position = [origin[0] + x * scale[0], origin[1] + y * scale[1]];
            }
        }
    }
}

impl Fused<'_> {
    /// Where the offsets of a query in a level begin, and their unit.
    #[inline(always)]
    fn frame(&self, query: usize, level: &Level) -> ([f32; 2], [f32; 2]) {
        match self.inputs.reference {
            Reference::Boxes(boxes) => {
                let half = 0.5 / level.points as f32;
                let b = &boxes[4 * query..][..4];
                ([b[0], b[1]], [b[2] * half, b[3] * half])
            }
            Reference::Points(points) => {
                let p = &points[2 * query..][..2];
                ([p[0], p[1]], [1.0 / level.w as f32, 1.0 / level.h as f32])
            }
        }
    }
}

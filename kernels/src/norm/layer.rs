//! Normalisations of the last dimension.

use super::affine::Affine;
use crate::elementwise::zip;
use crate::row_kernel::{RowKernel, each_row, each_row_of_pairs};
use crate::simd::Simd;
use crate::vectors::{Itself, SquareAbout, sum_of};
use crate::{Context, Factors, Rows, RowsMut};

/// Parameters of a layer normalisation over rows.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// Factor per element, as long as a row.
    pub weight: Option<&'a [f32]>,
    /// Summand per element, as long as a row.
    pub bias: Option<&'a [f32]>,
    /// Added to the variance.
    pub eps: f32,
}

/// Each row less its mean, divided by its standard deviation, times weight plus bias; of `x + residual` if there is one.
///
/// `x`, `residual` and `out` have the same count of rows of the same width. Where there is no residual, `out` may hold bf16.
///
/// # Panics
/// When extents disagree.
pub fn layer_norm(ctx: Context, norm: &LayerNorm, x: Rows, residual: Option<Rows>, out: RowsMut) {
    let affine = Affine { weight: norm.weight, bias: norm.bias };
    normalize(ctx, Kind::Layer { eps: norm.eps }, affine, x, residual, out);
}

/// Each row divided by the root of its mean square, times `weight`.
///
/// # Panics
/// When extents disagree.
pub fn rms_norm(ctx: Context, weight: Option<&[f32]>, eps: f32, x: Rows, out: RowsMut) {
    normalize(ctx, Kind::Rms { eps }, Affine { weight, bias: None }, x, None, out);
}

/// Each row divided by its Euclidean length, or by `eps` where that is larger.
///
/// # Panics
/// When extents disagree.
pub fn l2_normalize(ctx: Context, eps: f32, x: Rows, out: RowsMut) {
    normalize(ctx, Kind::Length { eps }, Affine { weight: None, bias: None }, x, None, out);
}

#[derive(Clone, Copy)]
enum Kind {
    Layer { eps: f32 },
    Rms { eps: f32 },
    Length { eps: f32 },
}

fn normalize(
    ctx: Context,
    kind: Kind,
    affine: Affine,
    x: Rows,
    residual: Option<Rows>,
    out: RowsMut,
) {
    affine.check(x.width());
    for extents in [x.extents(), residual.unwrap_or(x).extents()] {
        assert_eq!(extents, out.numbers(), "rows of a normalisation");
    }
    let (cost, normalize) = (2 * x.width(), Normalize { kind, affine, x, residual });
    match out.factors() {
        Factors::F32 => each_row(ctx, out, cost, &normalize),
        Factors::Bf16 => {
            assert!(residual.is_none(), "a sum is normalised in bf16");
            each_row_of_pairs(ctx, out, cost, &Rounded(normalize));
        }
    }
}

struct Normalize<'a> {
    kind: Kind,
    affine: Affine<'a>,
    x: Rows<'a>,
    residual: Option<Rows<'a>>,
}

impl RowKernel for Normalize<'_> {
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, i: usize, out: &mut [f32]) {
        let (mut x, n) = (self.x.row(i).as_ptr(), out.len());
        let out = out.as_mut_ptr();
        // SAFETY: all rows have `n` floats, as the parameters do.
        unsafe {
            if let Some(residual) = self.residual {
                zip(s, crate::binary::Binary::Add, (x, residual.row(i).as_ptr()), out, n);
                x = out;
            }
            self.affine.write(s, moments(s, self.kind, x, n), 0, (x, out, n));
        }
    }
}

/// A normalisation whose results are pairs.
struct Rounded<'a>(Normalize<'a>);

impl RowKernel for Rounded<'_> {
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, i: usize, out: &mut [f32]) {
        let Normalize { kind, affine, x, .. } = &self.0;
        let (x, n) = (x.row(i).as_ptr(), x.width());
        // SAFETY: rows of `x` have `n` floats, those of the output half as many, and the parameters `n`.
        unsafe { affine.write_pairs(s, moments(s, *kind, x, n), (x, out.as_mut_ptr(), n)) };
    }
}

/// What is subtracted from a row, and what it is multiplied by then.
///
/// # Safety
/// `n` floats can be read at `x`.
#[inline(always)]
unsafe fn moments<S: Simd>(s: S, kind: Kind, x: *const f32, n: usize) -> (f32, f32) {
    let count = n as f32;
    // SAFETY: the caller's contract.
    unsafe {
        match kind {
            Kind::Layer { eps } => {
                let mean = sum_of(s, Itself, x, n) / count;
                let variance = sum_of(s, SquareAbout(mean), x, n) / count;
                (mean, 1.0 / (variance + eps).sqrt())
            }
            Kind::Rms { eps } => {
                (0.0, 1.0 / (sum_of(s, SquareAbout(0.0), x, n) / count + eps).sqrt())
            }
            Kind::Length { eps } => (0.0, 1.0 / sum_of(s, SquareAbout(0.0), x, n).sqrt().max(eps)),
        }
    }
}

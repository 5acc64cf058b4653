//! Normalisations.

use burn_backend::Backend;

use super::arithmetic::scale_shift;
use super::array::Array;
use super::kernels::{Kernels, Normalise};
use crate::Result;
use crate::eager::Constants;
use crate::op::Norm;

/// Over the last dimension of the sum of the operands.
pub(super) fn layer_norm<B: Kernels>(
    norm: &Norm,
    x: &[Array<B>],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    by_row(norm, x, true, w)
}

/// Over the last dimension, about zero.
pub(super) fn rms_norm<B: Kernels>(
    norm: &Norm,
    x: &[Array<B>],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    by_row(norm, x, false, w)
}

fn by_row<B: Kernels>(
    norm: &Norm,
    x: &[Array<B>],
    centred: bool,
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let weight = w.get_optional(norm.weight.as_ref())?.map(|weight| weight.0);
    let bias = w.get_optional(norm.bias.as_ref())?.map(|bias| bias.0);
    let residual = x.get(1).map(|more| more.0.clone());
    let of = Normalise { residual, centred, eps: norm.eps, weight, bias };
    Ok(x[0].clone().map(|x| B::normalise(x, of)))
}

/// Over all pixels and the channels of a group: `[n, .., c]`.
pub(super) fn group_norm<B: Kernels>(
    norm: &Norm,
    x: Array<B>,
    groups: usize,
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let extents = x.extents();
    let (n, c) = (extents[0], x.last());
    let pixels: usize = extents[1..extents.len() - 1].iter().product();
    let inner = c / groups.max(1);
    let by_group = x.reshape(&[n, pixels, groups, inner]).permute(&[0, 2, 1, 3]);
    let y = standard(by_group.reshape(&[n, groups, pixels * inner]), norm.eps);
    let y = y.reshape(&[n, groups, pixels, inner]).permute(&[0, 2, 1, 3]);
    let (weight, bias) =
        (w.get_optional(norm.weight.as_ref())?, w.get_optional(norm.bias.as_ref())?);
    Ok(scale_shift(y.reshape(&extents), weight, bias))
}

/// Unit length over the last dimension.
pub(super) fn l2_normalize<B: Backend>(x: Array<B>, eps: f32) -> Array<B> {
    x.in_f32(|x| {
        let length = x.clone().mul(x.clone()).sum_last().map(B::float_sqrt);
        x.div(length.at_least(eps))
    })
}

/// Zero mean and unit variance over the last dimension.
fn standard<B: Backend>(x: Array<B>, eps: f32) -> Array<B> {
    x.in_f32(|x| {
        let centred = x.clone().sub(x.mean_last());
        let variance = centred.clone().mul(centred.clone()).mean_last();
        centred.div(variance.plus(eps).map(B::float_sqrt))
    })
}

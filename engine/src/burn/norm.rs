//! Normalisations.

use burn_backend::Backend;

use super::array::Array;
use crate::eager::Constants;
use crate::op::Norm;
use crate::{Result, Tensor};

/// Over the last dimension of the sum of the operands.
pub(super) fn layer_norm<B: Backend>(
    norm: &Norm,
    x: &[Array<B>],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let sum = match x.get(1) {
        Some(more) => x[0].clone().add(more.clone()),
        None => x[0].clone(),
    };
    affine(standard(sum, norm.eps), norm.weight.as_ref(), norm.bias.as_ref(), w)
}

/// Over the last dimension, about zero.
pub(super) fn rms_norm<B: Backend>(
    norm: &Norm,
    x: Array<B>,
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let y = x.in_f32(|x| {
        let square = x.clone().mul(x.clone()).mean_last().plus(norm.eps);
        x.div(square.map(B::float_sqrt))
    });
    affine(y, norm.weight.as_ref(), norm.bias.as_ref(), w)
}

/// Over all pixels and the channels of a group: `[n, .., c]`.
pub(super) fn group_norm<B: Backend>(
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
    affine(y.reshape(&extents), norm.weight.as_ref(), norm.bias.as_ref(), w)
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

/// `x * weight + bias`, without what is not there.
pub(super) fn affine<B: Backend>(
    mut x: Array<B>,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    if let Some(weight) = w.get_optional(weight)? {
        x = x.mul(weight);
    }
    if let Some(bias) = w.get_optional(bias)? {
        x = x.add(bias);
    }
    Ok(x)
}

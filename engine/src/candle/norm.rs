//! Normalisations.

use candle_core::{D, Result, Tensor};

use super::weights::Weights;
use crate::op::Norm;

/// Over the last dimension of the sum of the operands.
pub(super) fn layer_norm(norm: &Norm, x: &[Tensor], w: &Weights) -> Result<Tensor> {
    let x = match x.get(1) {
        Some(more) => x[0].broadcast_add(more)?,
        None => x[0].clone(),
    };
    affine(&standard(&x, norm.eps)?, norm, w)
}

/// Over the last dimension, about zero.
pub(super) fn rms_norm(norm: &Norm, x: &[Tensor], w: &Weights) -> Result<Tensor> {
    let mean_square = x[0].sqr()?.mean_keepdim(D::Minus1)?;
    let y = x[0].broadcast_div(&(mean_square + f64::from(norm.eps))?.sqrt()?)?;
    affine(&y, norm, w)
}

/// Over all pixels and the channels of a group: `[n, .., c]`.
pub(super) fn group_norm(norm: &Norm, x: &Tensor, groups: usize, w: &Weights) -> Result<Tensor> {
    let (n, c) = (x.dim(0)?, x.dim(D::Minus1)?);
    let by_group = x.reshape((n, (), groups, c / groups))?.transpose(1, 2)?.contiguous()?;
    let y = standard(&by_group.flatten_from(2)?, norm.eps)?.reshape(by_group.dims())?;
    affine(&y.transpose(1, 2)?.contiguous()?.reshape(x.dims())?, norm, w)
}

/// Unit length over the last dimension.
pub(super) fn l2_normalize(x: &Tensor, eps: f32) -> Result<Tensor> {
    let length = x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
    x.broadcast_div(&length.maximum(f64::from(eps))?)
}

/// `x * scale + shift` by the last dimension.
pub(super) fn scale_shift(
    x: &Tensor,
    scale: Option<&Tensor>,
    shift: Option<&Tensor>,
) -> Result<Tensor> {
    let x = scale.map_or_else(|| Ok(x.clone()), |scale| x.broadcast_mul(scale))?;
    shift.map_or_else(|| Ok(x.clone()), |shift| x.broadcast_add(shift))
}

/// Zero mean and unit variance over the last dimension.
fn standard(x: &Tensor, eps: f32) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_div(&(variance + f64::from(eps))?.sqrt()?)
}

fn affine(x: &Tensor, norm: &Norm, w: &Weights) -> Result<Tensor> {
    let weight = w.get_optional(norm.weight.as_ref())?;
    scale_shift(x, weight.as_ref(), w.get_optional(norm.bias.as_ref())?.as_ref())
}

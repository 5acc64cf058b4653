//! Products of matrices.

use candle_core::{D, Result, Tensor};

use super::arithmetic::finish;
use super::weights::Weights;
use crate::op::Linear;

/// `[.., in]`, and what is added, to `[.., out]`.
pub(super) fn linear(linear: &Linear, x: &[Tensor], w: &Weights) -> Result<Tensor> {
    let weight = w.get(&linear.weight)?;
    let (out, inner) = weight.dims2()?;
    let mut dims = x[0].dims().to_vec();
    let y = x[0].reshape(((), inner))?.matmul(&weight.t()?)?;
    if let Some(last) = dims.last_mut() {
        *last = out;
    }
    let y = match w.get_optional(linear.bias.as_ref())? {
        Some(bias) => y.broadcast_add(&bias)?,
        None => y,
    };
    finish(&linear.epilogue, &y.reshape(dims)?, x.get(1))
}

/// `[.., m, k]` and `[.., k, n]` (or `[.., n, k]`) to `[.., m, n]`.
pub(super) fn matmul(a: &Tensor, b: &Tensor, transpose_b: bool) -> Result<Tensor> {
    let batches = |x: &Tensor| x.reshape(((), x.dim(D::Minus2)?, x.dim(D::Minus1)?));
    let mut dims = a.dims().to_vec();
    let b = if transpose_b { b.transpose(D::Minus2, D::Minus1)?.contiguous()? } else { b.clone() };
    if let (Some(last), Some(&columns)) = (dims.last_mut(), b.dims().last()) {
        *last = columns;
    }
    batches(a)?.matmul(&batches(&b)?)?.reshape(dims)
}

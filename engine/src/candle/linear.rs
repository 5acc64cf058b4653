//! Products of matrices.

use candle_core::{Result, Tensor};

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
    let b = if transpose_b { b.transpose(b.rank() - 2, b.rank() - 1)? } else { b.clone() };
    a.matmul(&b.contiguous()?)
}

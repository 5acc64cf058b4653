//! Attention over all tokens.

use candle_core::{Result, Tensor};

/// `[n, q, d]`, `[n, t, d]`, `[n, t, d_v]` and perhaps a mask `[q, t]` to `[n, q, d_v]`.
pub(super) fn attention(x: &[Tensor], heads: usize, scale: f32) -> Result<Tensor> {
    let (q, k, v) = (split(&x[0], heads)?, split(&x[1], heads)?, split(&x[2], heads)?);
    let scores = (q.matmul(&k.transpose(2, 3)?.contiguous()?)? * f64::from(scale))?;
    let scores = match x.get(3) {
        Some(mask) => scores.broadcast_add(mask)?,
        None => scores,
    };
    let seen = candle_nn::ops::softmax_last_dim(&scores)?.matmul(&v)?;
    seen.transpose(1, 2)?.flatten(2, 3)
}

/// `[n, t, heads * d]` to `[n, heads, t, d]`.
fn split(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (n, t, d) = x.dims3()?;
    x.reshape((n, t, heads, d / heads))?.transpose(1, 2)?.contiguous()
}

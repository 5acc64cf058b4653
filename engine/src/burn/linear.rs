//! Products of matrices, and attention.

use burn_backend::Backend;

use super::arithmetic::finish;
use super::array::Array;
use crate::Result;
use crate::eager::Constants;
use crate::op::Linear;

/// `[.., in]`, and what is added, to `[.., out]`.
pub(super) fn linear<B: Backend>(
    linear: &Linear,
    x: &[Array<B>],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let weight = w.get(&linear.weight)?;
    let mut extents = x[0].extents();
    let rows = extents.iter().rev().skip(1).product();
    let y = x[0].clone().reshape(&[rows, x[0].last()]).matmul(weight.transpose());
    let y = match w.get_optional(linear.bias.as_ref())? {
        Some(bias) => y.add(bias),
        None => y,
    };
    if let Some(last) = extents.last_mut() {
        *last = y.last();
    }
    Ok(finish(linear.epilogue, y.reshape(&extents), x.get(1)))
}

/// `[.., m, k]` and `[.., k, n]` (or `[.., n, k]`) to `[.., m, n]`.
pub(super) fn matmul<B: Backend>(a: Array<B>, b: Array<B>, transpose_b: bool) -> Array<B> {
    a.matmul(if transpose_b { b.transpose() } else { b })
}

/// `[n, q, d]`, `[n, t, d]`, `[n, t, d_v]` and perhaps a mask `[q, t]` to `[n, q, d_v]`.
pub(super) fn attention<B: Backend>(x: &[Array<B>], heads: usize, scale: f32) -> Array<B> {
    let [q, k, v] = [0, 1, 2].map(|i| split(x[i].clone(), heads));
    let scores = q.times(scale).matmul(k.transpose());
    let scores = match x.get(3) {
        Some(mask) => scores.add(mask.clone()),
        None => scores,
    };
    let seen = scores.softmax_last().matmul(v).permute(&[0, 2, 1, 3]);
    let [n, t, _, d] = <[usize; 4]>::try_from(seen.extents()).unwrap_or_default();
    seen.reshape(&[n, t, heads * d])
}

/// `[n, t, heads * d]` to `[n, heads, t, d]`.
fn split<B: Backend>(x: Array<B>, heads: usize) -> Array<B> {
    let [n, t, d] = <[usize; 3]>::try_from(x.extents()).unwrap_or_default();
    x.reshape(&[n, t, heads, d / heads]).permute(&[0, 2, 1, 3])
}

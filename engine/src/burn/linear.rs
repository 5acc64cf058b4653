//! Products of matrices, and attention.

use burn_backend::Backend;

use super::array::Array;
use super::kernels::{Conv, Kernels, Window};
use crate::Result;
use crate::eager::{Constants, Form};
use crate::op::Linear;

/// `[.., in]`, and what is added, to `[.., out]`.
pub(super) fn linear<B: Kernels>(
    linear: &Linear,
    x: &[Array<B>],
    shape: &[usize],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let [rows, out] = [x[0].extents().iter().rev().skip(1).product(), linear.weight.shape()[0]];
    let weight = w.get_in(Form::Factor, &linear.weight)?;
    let of = Conv {
        weight: weight.0,
        bias: w.get_optional(linear.bias.as_ref())?.map(|bias| bias.0),
        window: Window::POINT,
        extents: [rows, 1, out],
        residual: linear.epilogue.residual.zip(x.get(1).map(|more| more.0.clone())),
        activation: linear.epilogue.activation,
    };
    let pixels = x[0].clone().reshape(&[1, rows, 1, x[0].last()]);
    Ok(pixels.map(|x| B::conv(x, of)).reshape(shape))
}

/// `[.., m, k]` and `[.., k, n]` (or `[.., n, k]`) to `[.., m, n]`.
pub(super) fn matmul<B: Backend>(a: Array<B>, b: Array<B>, transpose_b: bool) -> Array<B> {
    a.matmul(if transpose_b { b.transpose() } else { b })
}

/// `[n, q, d]`, `[n, t, d]`, `[n, t, d_v]` and perhaps a mask `[q, t]` to `[n, q, d_v]`, for so many queries at a time that
/// their scores have `largest` bytes at most.
pub(super) fn attention<B: Backend>(
    x: &[Array<B>],
    heads: usize,
    scale: f32,
    largest: u64,
) -> Array<B> {
    let [q, k, v] = [0, 1, 2].map(|i| split(x[i].clone(), heads));
    let (q, k) = (q.times(scale), k.transpose());
    let [n, _, queries, _] = <[usize; 4]>::try_from(q.extents()).unwrap_or_default();
    let row = (n * heads * k.last() * size_of::<f32>()) as u64;
    let at_once = usize::try_from(largest / row.max(1)).unwrap_or(queries).clamp(1, queries);
    let parts = (0..queries).step_by(at_once).map(|first| {
        let count = at_once.min(queries - first);
        let rows = |x: Array<B>, axis| {
            if count == queries { x } else { x.slice(axis, first, 1, count) }
        };
        let scores = rows(q.clone(), 2).matmul(k.clone());
        let scores = match x.get(3) {
            Some(mask) => scores.add(rows(mask.clone(), 0)),
            None => scores,
        };
        scores.softmax_last().matmul(v.clone())
    });
    let mut parts: Vec<_> = parts.collect();
    let seen = if parts.len() == 1 { parts.remove(0) } else { Array::cat(parts, 2) };
    let d = seen.last();
    seen.permute(&[0, 2, 1, 3]).reshape(&[n, queries, heads * d])
}

/// `[n, t, heads * d]` to `[n, heads, t, d]`.
fn split<B: Backend>(x: Array<B>, heads: usize) -> Array<B> {
    let [n, t, d] = <[usize; 3]>::try_from(x.extents()).unwrap_or_default();
    x.reshape(&[n, t, heads, d / heads]).permute(&[0, 2, 1, 3])
}

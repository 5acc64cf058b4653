//! Products of matrices, and attention.

use burn_backend::Backend;

use super::arithmetic::finish;
use super::array::Array;
use super::kernels::Kernels;
use crate::Result;
use crate::eager::Constants;
use crate::op::Linear;

/// `[.., in]`, and what is added, to `[.., out]`.
pub(super) fn linear<B: Kernels>(
    linear: &Linear,
    x: &[Array<B>],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let weight = w.get(&linear.weight)?;
    let mut extents = x[0].extents();
    let rows = extents.iter().rev().skip(1).product();
    let y = x[0].clone().reshape(&[rows, x[0].last()]).matmul(weight.transpose());
    let bias = w.get_optional(linear.bias.as_ref())?;
    if let Some(last) = extents.last_mut() {
        *last = y.last();
    }
    Ok(finish(linear.epilogue, y.reshape(&extents), bias, x.get(1)))
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

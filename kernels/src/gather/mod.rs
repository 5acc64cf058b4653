//! Elements and rows by index.
//!
//! An index that is out of range never reads outside: it is taken as the nearest one in range. Whoever cannot live with
//! that checks indices first.

#[cfg(test)]
mod tests;

use crate::Context;
use crate::split::rows_mut;

/// `[outer, axis, inner]` at `indices`, `[k]`, of the middle dimension: `[outer, k, inner]`. PyTorch calls it
/// `index_select`.
///
/// # Panics
/// When a slice has another length than its extents say, or there are indices into nothing.
pub fn index_select<T: Copy + Send + Sync>(
    ctx: Context,
    x: &[T],
    [outer, axis, inner]: [usize; 3],
    indices: &[i32],
    out: &mut [T],
) {
    let k = indices.len();
    assert_eq!((x.len(), out.len()), (outer * axis * inner, outer * k * inner));
    rows(ctx, x, axis, inner, out, |row| (row / k, indices[row % k]));
}

/// Rows of `[n, t, c]` at `indices`, `[n, k]`, each in its own batch element: `[n, k, c]`.
///
/// # Panics
/// When a slice has another length than its extents say, or there are indices into nothing.
pub fn gather_rows<T: Copy + Send + Sync>(
    ctx: Context,
    x: &[T],
    [n, t, c]: [usize; 3],
    indices: &[i32],
    out: &mut [T],
) {
    assert_eq!((x.len(), out.len()), (n * t * c, indices.len() * c));
    let k = indices.len().checked_div(n).unwrap_or(0);
    assert_eq!(indices.len(), n * k);
    rows(ctx, x, t, c, out, |row| (row / k, indices[row]));
}

/// Elements of `[outer, axis, inner]` at `indices`, `[outer, k, inner]`, of the middle dimension: `[outer, k, inner]`.
/// NumPy calls it `take_along_axis`, ONNX `GatherElements`, PyTorch `gather`.
///
/// # Panics
/// When a slice has another length than its extents say, or there are indices into nothing.
pub fn take_along_axis<T: Copy + Send + Sync>(
    ctx: Context,
    x: &[T],
    [outer, axis, inner]: [usize; 3],
    indices: &[i32],
    out: &mut [T],
) {
    assert_eq!((x.len(), out.len()), (outer * axis * inner, indices.len()));
    if out.is_empty() {
        return;
    }
    assert!(axis > 0, "indices into nothing");
    let per_outer = out.len() / outer;
    assert_eq!((per_outer * outer, per_outer % inner), (out.len(), 0));
    rows_mut(ctx.pool, out, 1, 1, |first, out| {
        for (i, out) in out.iter_mut().enumerate() {
            let at = first + i;
            let row = at / per_outer * axis + within(indices[at], axis);
            *out = x[row * inner + at % inner];
        }
    });
}

/// Copies rows of `inner`; `source(row)` is the batch element and the index that output row `row` comes from.
fn rows<T: Copy + Send + Sync>(
    ctx: Context,
    x: &[T],
    axis: usize,
    inner: usize,
    out: &mut [T],
    source: impl Fn(usize) -> (usize, i32) + Sync,
) {
    assert!(axis > 0 || out.is_empty(), "indices into nothing");
    rows_mut(ctx.pool, out, inner, inner, |first, out| {
        for (i, out) in out.chunks_mut(inner).enumerate() {
            let (batch, index) = source(first + i);
            let from = (batch * axis + within(index, axis)) * inner;
            out.copy_from_slice(&x[from..from + inner]);
        }
    });
}

/// The nearest index that is in range.
#[inline(always)]
fn within(index: i32, axis: usize) -> usize {
    usize::try_from(index).unwrap_or(0).min(axis - 1)
}

//! The largest elements, ordered as `torch.topk` orders them: largest first, not-a-number above all; of equals the lower
//! index first, where PyTorch leaves the order open.

use std::cmp::Ordering;

/// Indices that [`top_k`] needs for rows of `width` elements.
pub fn top_k_scratch_len(width: usize) -> usize {
    width
}

/// The `k` largest of each row of `width` elements, largest first, into `values` and `indices`, both `[rows, k]`.
///
/// # Panics
/// When a length does not fit, or `k > width`.
pub fn top_k(
    x: &[f32],
    width: usize,
    k: usize,
    (values, indices): (&mut [f32], &mut [i32]),
    scratch: &mut [i32],
) {
    assert!(k <= width && scratch.len() >= width && values.len() == indices.len());
    if k == 0 {
        return;
    }
    assert_eq!(x.len() / width, values.len() / k, "rows of operand and result");
    let order = &mut scratch[..width];
    let results = values.chunks_exact_mut(k).zip(indices.chunks_exact_mut(k));
    for (row, (values, indices)) in x.chunks_exact(width).zip(results) {
        order.iter_mut().zip(0..).for_each(|(slot, i)| *slot = i);
        let before =
            |a: &i32, b: &i32| descending(row[*a as usize], row[*b as usize]).then(a.cmp(b));
        if k < width {
            order.select_nth_unstable_by(k - 1, before);
        }
        order[..k].sort_unstable_by(before);
        indices.copy_from_slice(&order[..k]);
        for (value, index) in values.iter_mut().zip(&*indices) {
            *value = row[*index as usize];
        }
    }
}

/// The index of the largest in each row of `width` elements, the lowest of equals, into `[rows]`.
///
/// # Panics
/// When `width` is zero or the lengths do not fit.
pub fn arg_max(x: &[f32], width: usize, indices: &mut [i32]) {
    assert_eq!(x.len() / width, indices.len(), "rows of operand and result");
    for (row, index) in x.chunks_exact(width).zip(indices) {
        let mut best = 0;
        for (i, value) in row.iter().enumerate() {
            if descending(*value, row[best]) == Ordering::Less {
                best = i;
            }
        }
        *index = best as i32;
    }
}

/// Larger first, not-a-number first of all.
fn descending(a: f32, b: f32) -> Ordering {
    b.partial_cmp(&a).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

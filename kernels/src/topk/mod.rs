//! The largest elements of rows, and where they are.
//!
//! Not-a-number counts as larger than everything, as in PyTorch. Of equals, the one with the lowest index comes first.

mod argmax;
mod heap;
#[cfg(test)]
mod tests;

pub use argmax::argmax;

use heap::{Entry, Heap};

use crate::split::rows2_mut;
use crate::{Context, Rows};

/// The `k` largest elements of each row, the largest first: `[rows, width] -> [rows, k]` of values and of indices.
///
/// # Panics
/// When `k` is larger than a row or an output has another length than `rows * k`.
pub fn topk(ctx: Context, x: Rows, k: usize, values: &mut [f32], indices: &mut [i32]) {
    assert!(k <= x.width(), "the {k} largest of {}", x.width());
    let count = x.rows() * k;
    assert_eq!((values.len(), indices.len()), (count, count));
    rows2_mut(ctx.pool, (values, k), (indices, k), 16 * x.width(), |first, values, indices| {
        let outputs = values.chunks_mut(k).zip(indices.chunks_mut(k));
        for (i, (values, indices)) in outputs.enumerate() {
            topk_row(x.row(first + i), values, indices);
        }
    });
}

/// A heap of the best so far, with the worst of them on top, is kept in the outputs and sorted at the end.
fn topk_row(x: &[f32], values: &mut [f32], indices: &mut [i32]) {
    let k = values.len();
    for (i, (value, index)) in values.iter_mut().zip(indices.iter_mut()).enumerate() {
        (*value, *index) = (x[i], i as i32);
    }
    let mut heap = Heap::new(values, indices);
    for (i, &value) in x.iter().enumerate().skip(k) {
        let entry = Entry { value, index: i as i32 };
        if entry.before(heap.worst()) {
            heap.replace_worst(entry);
        }
    }
    heap.sort();
}

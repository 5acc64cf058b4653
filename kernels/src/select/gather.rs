//! Rows by index.

/// Rows of `c` elements: `[n, t, c]` at `[n, k]` into `[n, k, c]`. Indices outside are clamped to the first or last row.
///
/// # Panics
/// When the lengths do not fit, or there are no rows to choose from.
pub fn gather_rows(x: &[f32], [n, t, c]: [usize; 3], indices: &[i32], out: &mut [f32]) {
    assert!(x.len() == n * t * c && out.len() == indices.len() * c && (t > 0 || out.is_empty()));
    let k = indices.len() / n.max(1);
    if c == 0 || k == 0 {
        return;
    }
    let images =
        x.chunks_exact(t * c).zip(indices.chunks_exact(k)).zip(out.chunks_exact_mut(k * c));
    for ((x, indices), out) in images {
        for (index, out) in indices.iter().zip(out.chunks_exact_mut(c)) {
            let row = usize::try_from(*index).unwrap_or(0).min(t - 1);
            out.copy_from_slice(&x[row * c..][..c]);
        }
    }
}

//! Choosing elements by their values. Indices are numbers.

use burn_backend::{Backend, FloatDType, Scalar, get_device_settings};

use super::array::Array;

/// The `k` largest of each row of `extent` numbers and their indices; of equal numbers the first.
pub(super) fn largest(values: &[f32], extent: usize, k: usize) -> [Vec<f32>; 2] {
    let (mut largest, mut indices) = (Vec::new(), Vec::new());
    for row in values.chunks(extent.max(1)) {
        let mut order: Vec<usize> = (0..row.len()).collect();
        let nan = |i: usize| row[i].is_nan();
        order.sort_by(|&a, &b| row[b].partial_cmp(&row[a]).unwrap_or(nan(b).cmp(&nan(a))));
        largest.extend(order[..k].iter().map(|&i| row[i]));
        indices.extend(order[..k].iter().map(|&i| i as f32));
    }
    [largest, indices]
}

/// The index of the largest of the last dimension.
pub(super) fn arg_max<B: Backend>(x: Array<B>) -> Array<B> {
    let (last, ints) = (x.rank() - 1, get_device_settings::<B>(&x.device()).int_dtype);
    let indices = B::float_argmax(x.0, last, ints);
    Array(B::int_into_float(indices, FloatDType::F32))
}

/// `[n, t, c]` at the rows `[n, k]` to `[n, k, c]`.
pub(super) fn gather_rows<B: Backend>(x: Array<B>, rows: Array<B>) -> Array<B> {
    let [n, t, c] = <[usize; 3]>::try_from(x.extents()).unwrap_or_default();
    let (device, k) = (x.device(), rows.last());
    let ints = get_device_settings::<B>(&device).int_dtype;
    let rows = B::float_into_int(rows.clamp(0.0, t as f32 - 1.0).0, ints);
    let starts = B::int_arange(0..n as i64, &device, ints);
    let starts = B::int_reshape(B::int_mul_scalar(starts, Scalar::Int(t as i64)), [n, 1].into());
    let rows = B::int_reshape(B::int_add(rows, starts), [n * k].into());
    Array(B::float_select(x.reshape(&[n * t, c]).0, 0, rows)).reshape(&[n, k, c])
}

//! Choosing elements by their values. Indices are numbers.

use burn_backend::{Backend, FloatDType, Scalar, get_device_settings};

use super::array::Array;

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

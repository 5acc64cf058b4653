//! The largest of a row: each element counts those before it.

use burn_backend::DType;
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{by_unit, empty};

/// The `k` largest of each row and their indices, in descending order.
pub(super) fn largest<R: CubeRuntime>(x: CubeTensor<R>, k: usize) -> [CubeTensor<R>; 2] {
    let x = into_contiguous(x);
    let mut shape: Vec<usize> = x.meta.shape().as_slice().to_vec();
    let count = x.meta.num_elements();
    let length = shape.last_mut().map_or(1, |last| std::mem::replace(last, k));
    let (values, indices) = (empty(&x, &shape, x.dtype), empty(&x, &shape, DType::F32));
    let (cubes, units) = by_unit(&x.client, count);
    let (client, numbers) = (x.client.clone(), x.dtype);
    kernel::launch::<R>(
        &client,
        cubes,
        units,
        AddressType::from_len(count),
        x.into_array_arg(),
        values.clone().into_array_arg(),
        indices.clone().into_array_arg(),
        length,
        k,
        numbers.into(),
    );
    [values, indices]
}

#[cube(launch, address_type = "dynamic")]
fn kernel<F: Float>(
    x: &Array<F>,
    values: &mut Array<F>,
    indices: &mut Array<f32>,
    length: usize,
    k: usize,
    #[define(F)] _numbers: StorageType,
) {
    let place = ABSOLUTE_POS;
    if place >= x.len() {
        terminate!();
    }
    let row = place / length;
    let own = place % length;
    let start = row * length;
    let value = f32::cast_from(x[place]);
    let nan = value.is_nan();
    let mut rank = 0usize;
    for other in 0..length {
        let found = f32::cast_from(x[start + other]);
        let other_nan = found.is_nan();
        let before = found > value || (other_nan && !nan);
        let behind = found < value || (nan && !other_nan);
        if before || (!behind && other < own) {
            rank += 1;
        }
    }
    if rank < k {
        values[row * k + rank] = x[place];
        indices[row * k + rank] = own as f32;
    }
}

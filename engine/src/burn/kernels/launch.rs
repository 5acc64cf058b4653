//! What all launches share.

use burn_backend::{DType, Shape};
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

/// An array of `shape` without values, on the device of `like`.
pub(super) fn empty<R: CubeRuntime>(
    like: &CubeTensor<R>,
    shape: &[usize],
    numbers: DType,
) -> CubeTensor<R> {
    let (client, device) = (like.client.clone(), like.device.clone());
    empty_device_contiguous_dtype(client, device, Shape::from(shape.to_vec()), numbers)
}

/// Its values row-major, as an argument. `of` stands in for one that is not there, and is not read.
pub(super) fn given<R: CubeRuntime>(x: Option<CubeTensor<R>>, of: &CubeTensor<R>) -> ArrayArg<R> {
    into_contiguous(x.unwrap_or_else(|| of.clone())).into_array_arg()
}

/// How many units of work a group has, and how many groups there are for `count` units.
pub(super) fn by_unit<R: CubeRuntime>(
    client: &ComputeClient<R>,
    count: usize,
) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new(client, count);
    (cubecl::calculate_cube_count_elemwise(client, count, dim), dim)
}

/// `count` groups of `UNITS` units.
pub(super) fn by_group<R: CubeRuntime>(
    client: &ComputeClient<R>,
    count: usize,
) -> (CubeCount, CubeDim) {
    let dim = CubeDim::new_1d(UNITS);
    (cubecl::calculate_cube_count_elemwise(client, count * UNITS as usize, dim), dim)
}

/// Units of a group that works on one row.
pub(super) const UNITS: u32 = 64;

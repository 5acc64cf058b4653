//! What follows a convolution or a linear layer, in one pass.

use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::Pointwise;
use super::function::{Function, activated};
use super::launch::{by_unit, empty, given};
use crate::op::Residual;

/// Which parts there are; each combination is a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Parts {
    scale: bool,
    shift: bool,
    residual: Option<Residual>,
    function: Function,
}

/// The result has the extents of `x`, row-major.
pub(super) fn pointwise<R: CubeRuntime>(
    x: CubeTensor<R>,
    of: Pointwise<CubeTensor<R>>,
) -> CubeTensor<R> {
    let x = into_contiguous(x);
    let shape: Vec<usize> = x.meta.shape().as_slice().to_vec();
    let channels = shape.last().copied().unwrap_or(1);
    let vector = if channels.is_multiple_of(4) { 4 } else { 1 };
    let count = x.meta.num_elements() / vector;
    let (function, [a, b]) = Function::of(of.activation);
    let (when, residual) = of.residual.unzip();
    let parts =
        Parts { scale: of.scale.is_some(), shift: of.shift.is_some(), residual: when, function };
    let y = empty(&x, &shape, x.dtype);
    let (cubes, units) = by_unit(&x.client, count);
    let client = x.client.clone();
    kernel::launch::<R>(
        &client,
        cubes,
        units,
        AddressType::from_len(x.meta.num_elements()),
        vector,
        given(of.scale, &x),
        given(of.shift, &x),
        given(residual, &x),
        x.into_array_arg(),
        y.clone().into_array_arg(),
        channels / vector,
        a,
        b,
        parts,
        y.dtype.into(),
    );
    y
}

#[cube(launch, address_type = "dynamic")]
fn kernel<F: Float, N: Size>(
    scale: &Array<Vector<F, N>>,
    shift: &Array<Vector<F, N>>,
    residual: &Array<Vector<F, N>>,
    x: &Array<Vector<F, N>>,
    y: &mut Array<Vector<F, N>>,
    channels: usize,
    a: f32,
    b: f32,
    #[comptime] parts: Parts,
    #[define(F)] _numbers: StorageType,
) {
    let place = ABSOLUTE_POS;
    if place >= y.len() {
        terminate!();
    }
    let channel = place % channels;
    let value = Vector::<f32, N>::cast_from(x[place]);
    let value =
        if comptime!(parts.scale) { value * Vector::cast_from(scale[channel]) } else { value };
    let value =
        if comptime!(parts.shift) { value + Vector::cast_from(shift[channel]) } else { value };
    let value = if comptime!(parts.residual == Some(Residual::BeforeActivation)) {
        value + Vector::cast_from(residual[place])
    } else {
        value
    };
    let value = activated::<N>(value, a, b, parts.function);
    let value = if comptime!(parts.residual == Some(Residual::AfterActivation)) {
        value + Vector::cast_from(residual[place])
    } else {
        value
    };
    y[place] = Vector::cast_from(value);
}

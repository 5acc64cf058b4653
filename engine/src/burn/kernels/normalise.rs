//! Layer and root-mean-square normalisation: one group of units a row.

use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::Normalise;
use super::launch::{UNITS, by_group, empty, given};

/// Which parts there are; each combination is a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each part is there or not, whatever the others are"
)]
struct Parts {
    residual: bool,
    centred: bool,
    weight: bool,
    bias: bool,
}

/// The result has the extents of `x`, row-major.
pub(super) fn normalise<R: CubeRuntime>(
    x: CubeTensor<R>,
    of: Normalise<CubeTensor<R>>,
) -> CubeTensor<R> {
    let x = into_contiguous(x);
    let shape: Vec<usize> = x.meta.shape().as_slice().to_vec();
    let length = shape.last().copied().unwrap_or(1);
    let rows = x.meta.num_elements() / length.max(1);
    let parts = Parts {
        residual: of.residual.is_some(),
        centred: of.centred,
        weight: of.weight.is_some(),
        bias: of.bias.is_some(),
    };
    let y = empty(&x, &shape, x.dtype);
    let (cubes, units) = by_group(&x.client, rows);
    let client = x.client.clone();
    kernel::launch::<R>(
        &client,
        cubes,
        units,
        AddressType::from_len(x.meta.num_elements()),
        given(of.residual, &x),
        given(of.weight, &x),
        given(of.bias, &x),
        x.into_array_arg(),
        y.clone().into_array_arg(),
        rows,
        length,
        of.eps,
        parts,
        y.dtype.into(),
    );
    y
}

#[cube(launch, address_type = "dynamic")]
fn kernel<F: Float>(
    residual: &Array<F>,
    weight: &Array<F>,
    bias: &Array<F>,
    x: &Array<F>,
    y: &mut Array<F>,
    rows: usize,
    length: usize,
    eps: f32,
    #[comptime] parts: Parts,
    #[define(F)] _numbers: StorageType,
) {
    let row = CUBE_POS;
    if row >= rows {
        terminate!();
    }
    let start = row * length;
    let first = UNIT_POS as usize;
    let count = length as f32;

    let mean = if comptime!(parts.centred) {
        let mut own = 0.0f32;
        let mut i = first;
        while i < length {
            own += seen::<F>(x, residual, start + i, parts.residual);
            i += UNITS as usize;
        }
        total(own) / count
    } else {
        f32::new(0.0)
    };
    let mut own = 0.0f32;
    let mut i = first;
    while i < length {
        let centred = seen::<F>(x, residual, start + i, parts.residual) - mean;
        own += centred * centred;
        i += UNITS as usize;
    }
    let scale = 1.0f32 / f32::sqrt(total(own) / count + eps);
    let mut i = first;
    while i < length {
        let value = (seen::<F>(x, residual, start + i, parts.residual) - mean) * scale;
        let value = if comptime!(parts.weight) { value * f32::cast_from(weight[i]) } else { value };
        let value = if comptime!(parts.bias) { value + f32::cast_from(bias[i]) } else { value };
        y[start + i] = F::cast_from(value);
        i += UNITS as usize;
    }
}

#[cube]
fn seen<F: Float>(x: &Array<F>, residual: &Array<F>, i: usize, #[comptime] both: bool) -> f32 {
    if both { f32::cast_from(x[i]) + f32::cast_from(residual[i]) } else { f32::cast_from(x[i]) }
}

/// The sum of what each unit of a group has.
#[cube]
fn total(own: f32) -> f32 {
    let mut sums = SharedMemory::<f32>::new(UNITS as usize);
    let unit = UNIT_POS as usize;
    sums[unit] = own;
    sync_cube();
    #[unroll]
    for step in 0..UNITS.ilog2() {
        let half = comptime!(UNITS as usize >> (step + 1));
        if unit < half {
            let other = sums[unit + half];
            sums[unit] += other;
        }
        sync_cube();
    }
    sums[0]
}

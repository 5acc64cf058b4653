//! Convolutions without groups, and linear layers, as products of tiles, with all that follows in the same pass.
//!
//! A group of units computes [`ROWS`] pixels by a few channels of the result. Both factors of a step of [`DEPTH`] products go
//! through shared memory; each unit sums four pixels by [`COLUMNS`] channels in `f32`.

use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::function::{Function, activated};
use super::launch::{empty, given};
use super::{COLUMNS, Conv};
use crate::op::Residual;

/// Pixels of the result that a group computes.
const ROWS: usize = 64;
/// Products of each sum that a step adds.
const DEPTH: usize = 16;
/// Pixels of the result that a unit computes.
const PIXELS: usize = 4;
/// Units along the pixels.
const LANES: usize = ROWS / PIXELS;
/// Groups in one dimension of a launch.
const MOST: usize = 65_535;

/// Which pixels a result sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::burn) struct Window {
    /// Down and across.
    pub(in crate::burn) kernel: [usize; 2],
    /// Down and across.
    pub(in crate::burn) stride: [usize; 2],
    /// At the top and at the left.
    pub(in crate::burn) pad: [usize; 2],
    /// Down and across.
    pub(in crate::burn) dilation: [usize; 2],
}

impl Window {
    /// One pixel for each.
    pub(in crate::burn) const POINT: Window =
        Window { kernel: [1; 2], stride: [1; 2], pad: [0; 2], dilation: [1; 2] };
}

/// Which parts there are; each combination is a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Parts {
    /// [`COLUMNS`] channels each, of a group.
    columns: usize,
    bias: bool,
    residual: Option<Residual>,
    function: Function,
}

/// Extents and the window; numbers of a launch, so that few kernels serve all layers.
#[derive(CubeType, CubeLaunch)]
struct Geometry {
    /// Pixels of all results.
    rows: usize,
    /// Products of a sum.
    depth: usize,
    channels: usize,
    height: i32,
    width: i32,
    down: usize,
    across: usize,
    out: usize,
    kernel_across: usize,
    stride_down: usize,
    stride_across: usize,
    top: i32,
    left: i32,
    dilation_down: usize,
    dilation_across: usize,
}

/// `[n, h, w, in]` to `[n, h', w', out]`, row-major.
pub(super) fn conv<R: CubeRuntime>(x: CubeTensor<R>, of: Conv<CubeTensor<R>>) -> CubeTensor<R> {
    let x = into_contiguous(x);
    let [n, height, width, channels] =
        <[usize; 4]>::try_from(x.meta.shape().as_slice()).unwrap_or_default();
    let [down, across, out] = of.extents;
    let (function, [a, b]) = Function::of(of.activation);
    let (when, residual) = of.residual.unzip();
    // Few channels in a group of few units, so that none are idle.
    let columns = out.div_ceil(COLUMNS).next_power_of_two().clamp(4, 16);
    let parts = Parts { columns, bias: of.bias.is_some(), residual: when, function };
    let Window { kernel: [kernel_down, kernel_across], stride, pad, dilation } = of.window;
    let rows = n * down * across;
    let geometry = GeometryLaunch::new(
        rows,
        kernel_down * kernel_across * channels,
        channels,
        height as i32,
        width as i32,
        down,
        across,
        out,
        kernel_across,
        stride[0],
        stride[1],
        pad[0] as i32,
        pad[1] as i32,
        dilation[0],
        dilation[1],
    );
    let y = empty(&x, &[n, down, across, out], x.dtype);
    let groups = rows.div_ceil(ROWS);
    let cubes = CubeCount::Static(
        out.div_ceil(columns * COLUMNS) as u32,
        groups.min(MOST) as u32,
        groups.div_ceil(MOST) as u32,
    );
    let largest = x.meta.num_elements().max(y.meta.num_elements());
    let client = x.client.clone();
    kernel::launch::<R>(
        &client,
        cubes,
        CubeDim::new_1d((LANES * columns) as u32),
        AddressType::from_len(largest.max(of.weight.meta.num_elements())),
        of.weight.into_array_arg(),
        given(of.bias, &x),
        given(residual, &x),
        x.into_array_arg(),
        y.clone().into_array_arg(),
        geometry,
        a,
        b,
        parts,
        y.dtype.into(),
    );
    y
}

#[cube(launch, address_type = "dynamic")]
fn kernel<F: Float>(
    weight: &Array<Vector<F, Const<COLUMNS>>>,
    bias: &Array<F>,
    residual: &Array<F>,
    x: &Array<F>,
    y: &mut Array<F>,
    of: &Geometry,
    a: f32,
    b: f32,
    #[comptime] parts: Parts,
    #[define(F)] _numbers: StorageType,
) {
    let columns = comptime!(parts.columns);
    let units = comptime!(LANES * columns);
    let loads = comptime!(ROWS * DEPTH / units);
    let stored = of.out.div_ceil(COLUMNS);

    let unit = UNIT_POS as usize;
    let first_row = (CUBE_POS_Z as usize * CUBE_COUNT_Y as usize + CUBE_POS_Y as usize) * ROWS;
    let first_column = CUBE_POS_X as usize * columns;

    // The pixels whose products this unit loads, and where their windows begin.
    let own_depth = unit % DEPTH;
    let own_row = unit / DEPTH;
    let mut top = Array::<i32>::new(loads);
    let mut left = Array::<i32>::new(loads);
    let mut start = Array::<usize>::new(loads);
    #[unroll]
    for i in 0..loads {
        let row = first_row + own_row + i * comptime!(units / DEPTH);
        let place = row % (of.down * of.across);
        let image = row / (of.down * of.across);
        let beyond = select(row < of.rows, 0i32, 1i32 << 24);
        top[i] = (place / of.across * of.stride_down) as i32 - of.top - beyond;
        left[i] = (place % of.across * of.stride_across) as i32 - of.left;
        start[i] = image * (of.height * of.width) as usize * of.channels;
    }

    let mut pixels = SharedMemory::<f32>::new(ROWS * DEPTH);
    let mut weights = SharedMemory::<Vector<f32, Const<COLUMNS>>>::new(columns * DEPTH);
    let mut sums = Array::<Vector<f32, Const<COLUMNS>>>::new(PIXELS);
    #[unroll]
    for i in 0..PIXELS {
        sums[i] = Vector::new(0.0f32);
    }
    let row = unit / columns;
    let column = unit % columns;

    let steps = of.depth.div_ceil(DEPTH);
    for step in 0..steps {
        let k = step * DEPTH + own_depth;
        let tap = k / of.channels;
        let channel = k % of.channels;
        let lower = (tap / of.kernel_across * of.dilation_down) as i32;
        let further = (tap % of.kernel_across * of.dilation_across) as i32;
        #[unroll]
        for i in 0..loads {
            let r = top[i] + lower;
            let c = left[i] + further;
            let inside = k < of.depth && r >= 0 && r < of.height && c >= 0 && c < of.width;
            let place =
                select(inside, start[i] + (r * of.width + c) as usize * of.channels + channel, 0);
            let value = f32::cast_from(x[place]);
            let slot = own_depth * ROWS + own_row + i * comptime!(units / DEPTH);
            pixels[slot] = select(inside, value, 0.0f32);
        }
        let k = step * DEPTH + row;
        let own_column = first_column + column;
        let inside = k < of.depth && own_column < stored;
        let place = select(inside, k * stored + own_column, 0);
        let value = Vector::<f32, Const<COLUMNS>>::cast_from(weight[place]);
        weights[unit] = select(inside, value, Vector::new(0.0f32));
        sync_cube();
        for i in 0..DEPTH {
            let factor = weights[i * columns + column];
            #[unroll]
            for j in 0..PIXELS {
                let pixel = pixels[i * ROWS + row + j * LANES];
                sums[j] = sums[j] + Vector::new(pixel) * factor;
            }
        }
        sync_cube();
    }

    let first = (first_column + column) * COLUMNS;
    #[unroll]
    for i in 0..PIXELS {
        let place = first_row + row + i * LANES;
        if place < of.rows && first < of.out {
            finish::<F>(sums[i], bias, residual, y, place * of.out, first, of.out, a, b, parts);
        }
    }
}

/// What follows the sums of a pixel, and the channels of it that there are.
#[cube]
fn finish<F: Float>(
    sum: Vector<f32, Const<COLUMNS>>,
    bias: &Array<F>,
    residual: &Array<F>,
    y: &mut Array<F>,
    pixel: usize,
    first: usize,
    out: usize,
    a: f32,
    b: f32,
    #[comptime] parts: Parts,
) {
    let mut before = Vector::<f32, Const<COLUMNS>>::new(0.0f32);
    let mut after = Vector::<f32, Const<COLUMNS>>::new(0.0f32);
    #[unroll]
    for j in 0..COLUMNS {
        if first + j < out {
            if comptime!(parts.bias) {
                before[j] = f32::cast_from(bias[first + j]);
            }
            if comptime!(parts.residual == Some(Residual::BeforeActivation)) {
                before[j] = before[j] + f32::cast_from(residual[pixel + first + j]);
            }
            if comptime!(parts.residual == Some(Residual::AfterActivation)) {
                after[j] = f32::cast_from(residual[pixel + first + j]);
            }
        }
    }
    let value = activated::<Const<COLUMNS>>(sum + before, a, b, parts.function) + after;
    #[unroll]
    for j in 0..COLUMNS {
        if first + j < out {
            y[pixel + first + j] = F::cast_from(value[j]);
        }
    }
}

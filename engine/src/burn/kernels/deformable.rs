//! Attention to a few places of an image that each query chooses: one unit a result.

use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{by_unit, empty};
use crate::op::Deformable;

/// Values `[n, t, d]`, boxes `[n, q, 4]`, offsets `[n, q, heads * levels * points * 2]` and weights
/// `[n, q, heads * levels * points]` to `[n, q, d]`.
pub(super) fn deformable_attention<R: CubeRuntime>(
    spec: &Deformable,
    x: [CubeTensor<R>; 4],
) -> CubeTensor<R> {
    let [values, boxes, offsets, weights] = x.map(into_contiguous);
    let shape = |x: &CubeTensor<R>| x.meta.shape().as_slice().to_vec();
    let ([_, tokens, width], [n, queries, _]) = (extents(&shape(&values)), extents(&shape(&boxes)));
    let y = empty(&values, &[n, queries, width], values.dtype);
    let count = n * queries * width;
    let (cubes, units) = by_unit(&values.client, count);
    let client = values.client.clone();
    let mut levels = SequenceArg::new();
    for &[height, width] in &spec.levels {
        levels.push(height as u32);
        levels.push(width as u32);
    }
    let sizes = Sizes { heads: spec.heads, points: spec.points, levels: spec.levels.len() };
    kernel::launch::<R>(
        &client,
        cubes,
        units,
        AddressType::from_len(values.meta.num_elements().max(offsets.meta.num_elements())),
        values.into_array_arg(),
        boxes.into_array_arg(),
        offsets.into_array_arg(),
        weights.into_array_arg(),
        y.clone().into_array_arg(),
        levels,
        tokens,
        queries,
        width,
        sizes,
        y.dtype.into(),
    );
    y
}

fn extents(shape: &[usize]) -> [usize; 3] {
    <[usize; 3]>::try_from(shape).unwrap_or_default()
}

/// Each combination is a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sizes {
    heads: usize,
    points: usize,
    levels: usize,
}

#[cube(launch, address_type = "dynamic")]
fn kernel<F: Float>(
    values: &Array<F>,
    boxes: &Array<F>,
    offsets: &Array<F>,
    weights: &Array<F>,
    y: &mut Array<F>,
    levels: &Sequence<u32>,
    tokens: usize,
    queries: usize,
    width: usize,
    #[comptime] sizes: Sizes,
    #[define(F)] _numbers: StorageType,
) {
    let place = ABSOLUTE_POS;
    if place >= y.len() {
        terminate!();
    }
    let samples = comptime!(sizes.levels * sizes.points);
    let channel = place % width;
    let query = place / width;
    let image = query / queries;
    let head = channel / (width / comptime!(sizes.heads));
    let first = (query * comptime!(sizes.heads) + head) * samples;

    let mut largest = f32::cast_from(weights[first]);
    for i in 1..samples {
        largest = max(largest, f32::cast_from(weights[first + i]));
    }
    let (x, y_) = (f32::cast_from(boxes[query * 4]), f32::cast_from(boxes[query * 4 + 1]));
    let w = f32::cast_from(boxes[query * 4 + 2]);
    let h = f32::cast_from(boxes[query * 4 + 3]);
    let move_by = comptime!(0.5 / sizes.points as f32);

    let mut total = 0.0f32;
    let mut sum = 0.0f32;
    let mut start = image * tokens;
    #[unroll]
    for level in 0..sizes.levels {
        let height = levels[comptime!(2 * level)];
        let across = levels[comptime!(2 * level + 1)];
        for point in 0..sizes.points {
            let sample = first + level * sizes.points + point;
            let weight = f32::exp(f32::cast_from(weights[sample]) - largest);
            total += weight;
            let dx = f32::cast_from(offsets[2 * sample]);
            let dy = f32::cast_from(offsets[2 * sample + 1]);
            let column = (x + dx * move_by * w) * across as f32 - 0.5;
            let row = (y_ + dy * move_by * h) * height as f32 - 0.5;
            sum +=
                weight * between::<F>(values, start, channel, width, row, column, height, across);
        }
        start += (height * across) as usize;
    }
    y[place] = F::cast_from(sum / total);
}

/// A channel between four pixels; what lies outside is 0.
#[cube]
fn between<F: Float>(
    values: &Array<F>,
    start: usize,
    channel: usize,
    width: usize,
    row: f32,
    column: f32,
    height: u32,
    across: u32,
) -> f32 {
    let (top, left) = (f32::floor(row), f32::floor(column));
    let (down, right) = (row - top, column - left);
    let mut sum = 0.0f32;
    #[unroll]
    for i in 0..4u32 {
        let (lower, further) = (comptime!((i / 2) as f32), comptime!((i % 2) as f32));
        let (r, c) = (top + lower, left + further);
        if r >= 0.0 && c >= 0.0 && r < height as f32 && c < across as f32 {
            let share = (1.0 - lower - down) * (1.0 - further - right);
            let pixel = start + (u32::cast_from(r) * across + u32::cast_from(c)) as usize;
            sum += f32::abs(share) * f32::cast_from(values[pixel * width + channel]);
        }
    }
    sum
}

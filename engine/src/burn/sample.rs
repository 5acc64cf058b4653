//! Images between their pixels.

use burn_backend::ops::{GridSampleOptions, GridSamplePaddingMode, InterpolateMode};
use burn_backend::{Backend, FloatDType};

use super::array::Array;
use super::conv::{channels_first, channels_last};
use crate::op::{Deformable, SamplePadding};

/// `[n, h, w, c]` at the places `[n, h', w', 2]` to `[n, h', w', c]`.
pub(super) fn grid_sample<B: Backend>(
    x: Array<B>,
    grid: Array<B>,
    padding: SamplePadding,
    align_corners: bool,
) -> Array<B> {
    channels_last(bilinear(channels_first(x), grid, padding, align_corners))
}

/// `[n, c, h, w]` at the places `[n, h', w', 2]` to `[n, c, h', w']`.
fn bilinear<B: Backend>(
    x: Array<B>,
    grid: Array<B>,
    padding: SamplePadding,
    align_corners: bool,
) -> Array<B> {
    let padding_mode = match padding {
        SamplePadding::Zeros => GridSamplePaddingMode::Zeros,
        SamplePadding::Border => GridSamplePaddingMode::Border,
    };
    let options =
        GridSampleOptions { mode: InterpolateMode::Bilinear, padding_mode, align_corners };
    let grid = grid.to(FloatDType::F32);
    x.in_f32(|x| Array(B::float_grid_sample_2d(x.0, grid.0, options)))
}

/// Values `[n, t, d]`, boxes `[n, q, 4]`, offsets `[n, q, heads * levels * points * 2]` and weights
/// `[n, q, heads * levels * points]` to `[n, q, d]`.
pub(super) fn deformable_attention<B: Backend>(
    spec: &Deformable,
    x: &[Array<B>],
    shape: &[usize],
) -> Array<B> {
    let &Deformable { heads, points, ref levels } = spec;
    let [n, q, d] = [shape[0], shape[1], shape[2]];
    let (inner, samples) = (d / heads, levels.len() * points);
    let given = |i: usize| x[i].clone().to(FloatDType::F32);
    let boxes = |first| given(1).slice(2, first, 1, 2).reshape(&[n, q, 1, 1, 2]);
    let offsets = given(2).reshape(&[n, q, heads, samples, 2]);
    // To -1..1, in which the box is moved by half its size at most.
    let places = offsets.times(0.5 / points as f32).mul(boxes(2)).add(boxes(0));
    let places = places.times(2.0).plus(-1.0).permute(&[0, 2, 1, 3, 4]);
    let places = places.reshape(&[n * heads, q, samples, 2]);
    let weights = x[3].clone().reshape(&[n, q, heads, samples]).softmax_last();
    let weights = weights.permute(&[0, 2, 1, 3]).reshape(&[n * heads, 1, q, samples]);

    let mut first = 0;
    let seen = levels.iter().enumerate().map(|(level, &[h, w])| {
        let tokens = x[0].clone().slice(1, first, 1, h * w).reshape(&[n, h * w, heads, inner]);
        first += h * w;
        let image = tokens.permute(&[0, 2, 3, 1]).reshape(&[n * heads, inner, h, w]);
        let at = places.clone().slice(2, level * points, 1, points);
        bilinear(image, at, SamplePadding::Zeros, false)
    });
    let seen = Array::cat(seen.collect(), 3).mul(weights).sum_last();
    seen.reshape(&[n, heads, inner, q]).permute(&[0, 3, 1, 2]).reshape(shape)
}

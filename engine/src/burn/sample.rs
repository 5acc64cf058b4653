//! Images between their pixels.

use burn_backend::ops::{GridSampleOptions, GridSamplePaddingMode, InterpolateMode};
use burn_backend::{Backend, FloatDType};

use super::array::Array;
use super::conv::{channels_first, channels_last};
use crate::op::SamplePadding;

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

//! Images between their pixels.

use candle_core::{Result, Tensor};

use super::host::{Grid, from_places};
use crate::op::SamplePadding;

/// `[n, h, w, c]` at the places `[n, h', w', 2]` to `[n, h', w', c]`.
pub(super) fn grid_sample(
    x: &Tensor,
    grid: &Tensor,
    padding: SamplePadding,
    align_corners: bool,
) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    let (_, height, width, _) = grid.dims4()?;
    let image = Grid::new(x, [n, h, w, c])?;
    let grid = Grid::new(grid, [n, height, width, 2])?;
    let pixel = |place: f32, size: usize| {
        let (place, size) = (f64::from(place), size as f64);
        let at = if align_corners {
            (place + 1.0) * (size - 1.0) / 2.0
        } else {
            ((place + 1.0) * size - 1.0) / 2.0
        };
        match padding {
            SamplePadding::Zeros => at,
            SamplePadding::Border => at.clamp(0.0, size - 1.0),
        }
    };
    from_places([n, height, width, c], |[n, i, j, c]| {
        let x = pixel(grid.at([n, i, j, 0]), w);
        let y = pixel(grid.at([n, i, j, 1]), h);
        bilinear([h, w], y, x, |y, x| image.at([n, y, x, c])) as f32
    })
}

/// The value between the four pixels around (`y`, `x`); zero outside the image.
pub(super) fn bilinear(
    [h, w]: [usize; 2],
    y: f64,
    x: f64,
    pixel: impl Fn(usize, usize) -> f32,
) -> f64 {
    let mut sum = 0.0;
    for row in [y.floor(), y.floor() + 1.0] {
        for column in [x.floor(), x.floor() + 1.0] {
            if (0.0..h as f64).contains(&row) && (0.0..w as f64).contains(&column) {
                let weight = (1.0 - (y - row).abs()) * (1.0 - (x - column).abs());
                sum += weight * f64::from(pixel(row as usize, column as usize));
            }
        }
    }
    sum
}

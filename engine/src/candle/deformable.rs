//! Deformable attention, one sample at a time.

use candle_core::{Result, Tensor};

use super::host::{Grid, from_places};
use super::sample::bilinear;
use crate::Shape;
use crate::op::Deformable;

/// Values `[n, t, d]`, boxes `[n, q, 4]`, offsets `[n, q, heads * levels * points * 2]` and weights
/// `[n, q, heads * levels * points]` to `[n, q, d]`.
pub(super) fn attention(spec: &Deformable, x: &[Tensor], shape: &Shape) -> Result<Tensor> {
    let &Deformable { heads, points, ref levels } = spec;
    let (n, tokens, d) = x[0].dims3()?;
    let (q, samples) = (shape[1], levels.len() * points);
    let value = Grid::new(&x[0], [n, tokens, d])?;
    let boxes = Grid::new(&x[1], [n, q, 4])?;
    let offsets = Grid::new(&x[2], [n, q, heads, samples, 2])?;
    let weights = x[3].reshape((n, q, heads, samples))?;
    let weights = candle_nn::ops::softmax_last_dim(&weights)?;
    let weights = Grid::new(&weights, [n, q, heads, samples])?;

    from_places([n, q, d], |[n, q, channel]| {
        let head = channel / (d / heads);
        let mut first = 0;
        let mut sum = 0.0;
        for (level, &[h, w]) in levels.iter().enumerate() {
            for sample in level * points..(level + 1) * points {
                let place = |axis: usize, size: usize| {
                    let offset = f64::from(offsets.at([n, q, head, sample, axis])) / points as f64;
                    let centre = f64::from(boxes.at([n, q, axis]));
                    let extent = f64::from(boxes.at([n, q, 2 + axis]));
                    (centre + offset * extent * 0.5) * size as f64 - 0.5
                };
                let pixel = |y: usize, x: usize| value.at([n, first + y * w + x, channel]);
                let seen = bilinear([h, w], place(1, h), place(0, w), pixel);
                sum += seen * f64::from(weights.at([n, q, head, sample]));
            }
            first += h * w;
        }
        sum as f32
    })
}

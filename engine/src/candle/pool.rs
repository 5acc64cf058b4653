//! Pooling windows.

use candle_core::{Result, Tensor};

use super::host::{Grid, from_places};
use crate::Shape;
use crate::op::{Pool, PoolKind};

/// `[n, h, w, c]` to `[n, h', w', c]`.
pub(super) fn pool(pool: &Pool, x: &Tensor, shape: &Shape) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    let image = Grid::new(x, [n, h, w, c])?;
    let [top, left, ..] = pool.pad;
    from_places([n, shape[1], shape[2], c], |[n, y, x, c]| {
        let rows = inside(y * pool.stride[0], top, pool.kernel[0], h);
        let columns = inside(x * pool.stride[1], left, pool.kernel[1], w);
        let pixels: Vec<f64> = rows
            .flat_map(|y| columns.clone().map(move |x| [n, y, x, c]))
            .map(|place| f64::from(image.at(place)))
            .collect();
        let sum: f64 = pixels.iter().sum();
        let result = match pool.kind {
            PoolKind::Max => pixels.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            PoolKind::Mean => sum / (pool.kernel[0] * pool.kernel[1]) as f64,
            PoolKind::MeanInside => sum / pixels.len() as f64,
        };
        result as f32
    })
}

/// The pixels, of `size`, that a window of `kernel` sees whose first tap is at `start - pad`.
fn inside(start: usize, pad: usize, kernel: usize, size: usize) -> std::ops::Range<usize> {
    let clamped = |at: usize| at.saturating_sub(pad).min(size);
    clamped(start)..clamped(start + kernel)
}

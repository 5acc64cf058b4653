//! Resizing: along each side of the image, a matrix of the weights that PyTorch's `interpolate` gives the pixels.

use candle_core::{Result, Tensor};

use super::host::tensor;
use crate::Shape;
use crate::op::{Filter, Resize};

/// `[n, h, w, c]` to `[n, h', w', c]`.
pub(super) fn resize(resize: Resize, x: &Tensor, shape: &Shape) -> Result<Tensor> {
    let (n, h, w, c) = x.dims4()?;
    let (height, width) = (shape[1], shape[2]);
    let down = matrix(resize, h, height)?.broadcast_left(n)?.contiguous()?;
    let across = matrix(resize, w, width)?.broadcast_left(n * height)?.contiguous()?;
    let y = down.matmul(&x.reshape((n, h, w * c))?)?;
    across.matmul(&y.reshape((n * height, w, c))?)?.reshape((n, height, width, c))
}

/// `[to, from]`: what each pixel of a row of `from` adds to each pixel of a row of `to`.
fn matrix(resize: Resize, from: usize, to: usize) -> Result<Tensor> {
    let mut weights = vec![0.0; to * from];
    for (i, row) in weights.chunks_exact_mut(from).enumerate() {
        for (at, weight) in taps(resize, i, from, to) {
            row[at.clamp(0, from as i64 - 1) as usize] += weight as f32;
        }
    }
    tensor(&[to, from], weights)
}

/// The pixels that pixel `i` is made of, and their weights; pixels outside stand for the nearest inside.
fn taps(resize: Resize, i: usize, from: usize, to: usize) -> Vec<(i64, f64)> {
    if resize.filter == Filter::Nearest {
        let scale = from as f32 / to as f32;
        return vec![((i as f32 * scale).floor() as i64, 1.0)];
    }
    if resize.antialias {
        return widened(resize.filter, i, from, to);
    }
    let at = if resize.align_corners {
        (i * (from - 1)) as f64 / (to - 1).max(1) as f64
    } else {
        (i as f64 + 0.5) * from as f64 / to as f64 - 0.5
    };
    let first = at.floor() as i64;
    let (taps, curve): (_, fn(f64) -> f64) = match resize.filter {
        Filter::Nearest | Filter::Bilinear => (0..=1, triangle),
        Filter::Bicubic => (-1..=2, |x| cubic(x, -0.75)),
    };
    taps.map(|tap| (first + tap, curve(at - (first + tap) as f64))).collect()
}

/// The same for a filter that widens by as much as the image shrinks; only pixels inside count.
fn widened(filter: Filter, i: usize, from: usize, to: usize) -> Vec<(i64, f64)> {
    let (reach, curve): (_, fn(f64) -> f64) = match filter {
        Filter::Nearest | Filter::Bilinear => (1.0, triangle),
        Filter::Bicubic => (2.0, |x| cubic(x, -0.5)),
    };
    let scale = from as f64 / to as f64;
    let (centre, stretch) = ((i as f64 + 0.5) * scale, scale.max(1.0));
    let start = ((centre - reach * stretch + 0.5) as i64).max(0);
    let end = ((centre + reach * stretch + 0.5) as i64).min(from as i64);
    let weigh = |at: i64| curve((at as f64 + 0.5 - centre) / stretch);
    let sum: f64 = (start..end).map(weigh).sum();
    (start..end).map(|at| (at, weigh(at) / sum)).collect()
}

fn triangle(x: f64) -> f64 {
    (1.0 - x.abs()).max(0.0)
}

/// The cubic convolution of Keys (1981) with the parameter `a`.
fn cubic(x: f64, a: f64) -> f64 {
    let x = x.abs();
    match x {
        x if x < 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
        x if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
        _ => 0.0,
    }
}

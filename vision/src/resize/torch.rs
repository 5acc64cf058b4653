//! `PyTorch`'s `interpolate` on one float plane.

use std::ops::Range;

use crate::{Result, VisionError, checked_pixels};

/// For each output position along one axis: the first source position and the weights from there.
#[derive(Debug, Clone)]
pub struct AxisTaps {
    first: Vec<usize>,
    weights: Vec<f32>,
    size: usize,
}

impl AxisTaps {
    /// The taps that take `from` samples to `to`; with `antialias` the triangle widens with the
    /// down-scale ratio.
    pub fn new(from: usize, to: usize, antialias: bool) -> Self {
        if antialias { Self::widened(from, to) } else { Self::pairs(from, to) }
    }

    /// The taps that take `from` samples to `to` with the first and last in place: `align_corners=True`.
    pub fn corner_aligned(from: usize, to: usize) -> Self {
        let scale = if to > 1 { (from - 1) as f32 / (to - 1) as f32 } else { 0.0 };
        Self::at(from, (0..to).map(|position| scale * position as f32))
    }

    fn pairs(from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        Self::at(from, (0..to).map(|position| (scale * (position as f32 + 0.5) - 0.5).max(0.0)))
    }

    /// The taps of the cubic through four neighbours (Keys' with a = -0.75), without antialias: `PyTorch`'s
    /// `mode="bicubic"` and OpenCV's `INTER_CUBIC`. What lies outside is the nearest sample.
    pub fn cubic(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let size = 4.min(from);
        let mut taps = Self { first: vec![], weights: vec![0.0; to * size], size };
        let last = |length: usize| from.saturating_sub(length) as isize;
        for (position, out) in taps.weights.chunks_exact_mut(size).enumerate() {
            let place = (scale * (position as f64 + 0.5) - 0.5) as f32;
            let begin = place.floor() as isize - 1;
            let first = begin.clamp(0, last(size));
            for (i, weight) in (0..).zip(cubic(place - place.floor())) {
                out[((begin + i).clamp(0, last(1)) - first) as usize] += weight;
            }
            taps.first.push(first as usize);
        }
        taps
    }

    /// Two neighbours each, around places on the axis.
    fn at(from: usize, places: impl Iterator<Item = f32>) -> Self {
        let mut taps = Self { first: vec![], weights: vec![], size: 2.min(from) };
        for place in places {
            let first = (place as usize).min(from - taps.size);
            let fraction = (place - first as f32).min((taps.size - 1) as f32);
            taps.first.push(first);
            taps.weights.extend([1.0 - fraction, fraction].into_iter().take(taps.size));
        }
        taps
    }

    fn widened(from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        let stretch = scale.max(1.0);
        let inverse = if scale >= 1.0 { 1.0 / scale } else { 1.0 };
        let center = |position: usize| scale * (position as f32 + 0.5);
        let bounds = |position: usize| {
            let first = (center(position) - stretch + 0.5).max(0.0) as usize;
            (first, ((center(position) + stretch + 0.5) as usize).min(from))
        };
        let size = (0..to).map(bounds).map(|(first, last)| last - first).max().unwrap_or(1);
        let mut taps = Self { first: Vec::with_capacity(to), weights: vec![0.0; to * size], size };
        for (position, weights) in taps.weights.chunks_exact_mut(size).enumerate() {
            let (first, last) = bounds(position);
            let mut sum = 0.0;
            for (x, weight) in (first..last).zip(weights.iter_mut()) {
                let distance = x as f32 - center(position) + 0.5;
                *weight = (1.0 - (distance * inverse).abs()).max(0.0);
                sum += *weight;
            }
            if sum != 0.0 {
                for weight in weights.iter_mut() {
                    *weight /= sum;
                }
            }
            let shift = (first + size).saturating_sub(from);
            weights.rotate_right(shift);
            taps.first.push(first - shift);
        }
        taps
    }

    /// The taps of a resize of `part` of the outputs of `first`: both steps as one.
    #[must_use]
    pub fn after(&self, first: &AxisTaps, part: Range<usize>) -> Self {
        let reach = |position: usize| {
            let (at, weights) = self.window(position);
            let inner = at + part.start..at + part.start + weights.len();
            let start = first.window(inner.start).0;
            (start, first.window(inner.end - 1).0 + first.taps(), inner)
        };
        let size = (0..self.len()).map(reach).map(|(start, end, _)| end - start).max().unwrap_or(1);
        let count = first.first.last().map_or(size, |last| last + first.taps());
        let mut taps = Self { first: vec![], weights: vec![0.0; self.len() * size], size };
        for (position, out) in taps.weights.chunks_exact_mut(size).enumerate() {
            let (start, _, inner) = reach(position);
            let start = start.min(count.saturating_sub(size));
            for (middle, &outer) in inner.zip(self.window(position).1) {
                let (at, weights) = first.window(middle);
                for (out, &weight) in out[at - start..].iter_mut().zip(weights) {
                    *out += outer * weight;
                }
            }
            taps.first.push(start);
        }
        taps
    }

    /// Output positions.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether there is no output position.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The output positions in runs that begin at one source position: `(source, outputs)`.
    pub fn runs(&self) -> impl Iterator<Item = (usize, Range<usize>)> {
        let mut at = 0;
        self.first.chunk_by(|a, b| a == b).map(move |run| {
            at += run.len();
            (run[0], at - run.len()..at)
        })
    }

    /// The number of weights of each window.
    pub fn taps(&self) -> usize {
        self.size
    }

    /// The first source position and the weights from there; some weights may be zero.
    pub fn window(&self, position: usize) -> (usize, &[f32]) {
        (self.first[position], &self.weights[position * self.size..][..self.size])
    }
}

/// The weights of four neighbours, the place being `t` after the second.
fn cubic(t: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let near = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f32| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]
}

/// Resizes one plane of floats from `(width, height)` `from` to `to`, horizontally first.
///
/// # Errors
/// If a size is empty or too large, or `plane` is not `from.0 * from.1` long.
pub fn bilinear_plane(
    plane: &[f32],
    from: (usize, usize),
    to: (usize, usize),
    antialias: bool,
) -> Result<Vec<f32>> {
    let (width, height) = from;
    if checked_pixels(width, height)? != plane.len() {
        return Err(VisionError::shape("plane", &[plane.len()], &format!("{height} * {width}")));
    }
    checked_pixels(to.0, to.1)?;
    checked_pixels(to.0, height)?;
    let columns = AxisTaps::new(width, to.0, antialias);
    let lines = AxisTaps::new(height, to.1, antialias);

    Ok(apply(plane, width, (&columns, &lines)))
}

/// Applies taps to one plane of floats of the given width, columns first.
pub(crate) fn apply(
    plane: &[f32],
    width: usize,
    (columns, lines): (&AxisTaps, &AxisTaps),
) -> Vec<f32> {
    let (to, height) = (columns.len(), plane.len() / width.max(1));
    let mut wide = Vec::with_capacity(to * height);
    for row in plane.chunks_exact(width) {
        wide.extend((0..to).map(|x| {
            let (first, weights) = columns.window(x);
            dot(&row[first..], weights)
        }));
    }
    let mut out = vec![0.0; to * lines.len()];
    for (y, out) in out.chunks_exact_mut(to).enumerate() {
        let (first, weights) = lines.window(y);
        for (row, &weight) in wide[first * to..].chunks_exact(to).zip(weights) {
            out.iter_mut().zip(row).for_each(|(out, value)| *out += value * weight);
        }
    }
    out
}

/// The weighted sum of the first `weights.len()` values.
pub(crate) fn dot(values: &[f32], weights: &[f32]) -> f32 {
    values.iter().zip(weights).map(|(value, weight)| value * weight).sum()
}

//! Which inputs make an output along one axis, with the formulas and the precision of PyTorch.

use super::Interpolation;
use crate::taps::Tap;

/// The weighted inputs of each output along one axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    taps: Vec<Tap>,
    /// Where the taps of each output end; they begin where those of the output before end.
    ends: Vec<usize>,
}

impl Axis {
    /// For `to` outputs of `from` inputs; `scale` is what PyTorch calls the scale factor.
    pub(super) fn new(mode: Interpolation, from: usize, to: usize, scale: Option<f64>) -> Axis {
        let mut axis = Axis { taps: Vec::new(), ends: Vec::with_capacity(to) };
        let ratio = ratio(mode, from, to, scale);
        for i in 0..to {
            match mode {
                Interpolation::Nearest => axis.nearest((i as f32 * ratio).floor(), from),
                Interpolation::NearestExact => {
                    let middle = (i as f64 + 0.5) * f64::from(ratio);
                    axis.nearest((middle as f32).floor(), from);
                }
                Interpolation::Bilinear { align_corners } => {
                    axis.linear(position(i, ratio, align_corners).max(0.0), from);
                }
                Interpolation::Bicubic { align_corners } => {
                    axis.cubic(position(i, ratio, align_corners), from);
                }
                Interpolation::BilinearAntialias { .. } => {
                    axis.filter(i, ratio, from, 1.0, triangle);
                }
                Interpolation::BicubicAntialias { .. } => axis.filter(i, ratio, from, 2.0, keys),
            }
            axis.ends.push(axis.taps.len());
        }
        axis
    }

    /// The inputs of output `i`.
    #[inline(always)]
    pub(super) fn of(&self, i: usize) -> &[Tap] {
        let begin = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.taps[begin..self.ends[i]]
    }

    /// How many outputs there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether every output is one input as it is.
    pub(super) fn copies(&self) -> bool {
        self.taps.len() == self.len()
            && self.taps.iter().all(|tap| tap.weight.to_bits() == 1f32.to_bits())
    }

    fn nearest(&mut self, at: f32, from: usize) {
        self.taps.push(Tap { at: (at as usize).min(from - 1), weight: 1.0 });
    }

    fn linear(&mut self, at: f32, from: usize) {
        let low = (at as usize).min(from - 1);
        let high = (low + 1).min(from - 1);
        let weight = (at - low as f32).clamp(0.0, 1.0);
        self.taps.push(Tap { at: low, weight: 1.0 - weight });
        if weight > 0.0 {
            self.taps.push(Tap { at: high, weight });
        }
    }

    /// Keys' cubic convolution with `a = -0.75`, the border repeated.
    fn cubic(&mut self, at: f32, from: usize) {
        let low = at.floor();
        let t = at - low;
        for (k, distance) in [t + 1.0, t, 1.0 - t, 2.0 - t].into_iter().enumerate() {
            let at = (low as i64 + k as i64 - 1).clamp(0, from as i64 - 1) as usize;
            self.taps.push(Tap { at, weight: convolution(distance, -0.75) });
        }
    }

    /// A filter as wide as `reach` inputs, or outputs where those are larger, its weights made to sum to one.
    fn filter(&mut self, i: usize, ratio: f32, from: usize, reach: f32, weight: fn(f32) -> f32) {
        let stretch = ratio.max(1.0);
        let center = ratio * (i as f32 + 0.5);
        let first = ((center - reach * stretch + 0.5) as i64).max(0) as usize;
        let end = ((center + reach * stretch + 0.5) as usize).min(from);
        let begin = self.taps.len();
        for at in first.min(end)..end {
            let weight = weight((at as f32 - center + 0.5) / stretch);
            self.taps.push(Tap { at, weight });
        }
        let total: f32 = self.taps[begin..].iter().map(|tap| tap.weight).sum();
        if total != 0.0 {
            for tap in &mut self.taps[begin..] {
                tap.weight /= total;
            }
        }
    }
}

/// Inputs per output.
fn ratio(mode: Interpolation, from: usize, to: usize, scale: Option<f64>) -> f32 {
    let aligned = match mode {
        Interpolation::Nearest | Interpolation::NearestExact => false,
        Interpolation::Bilinear { align_corners }
        | Interpolation::Bicubic { align_corners }
        | Interpolation::BilinearAntialias { align_corners }
        | Interpolation::BicubicAntialias { align_corners } => align_corners,
    };
    match scale {
        _ if aligned => {
            if to > 1 {
                (from - 1) as f32 / (to - 1) as f32
            } else {
                0.0
            }
        }
        Some(scale) => (1.0 / scale) as f32,
        None => from as f32 / to as f32,
    }
}

fn position(i: usize, ratio: f32, align_corners: bool) -> f32 {
    if align_corners { i as f32 * ratio } else { (i as f32 + 0.5) * ratio - 0.5 }
}

/// Keys' cubic convolution at a distance of up to two.
fn convolution(x: f32, a: f32) -> f32 {
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}

fn triangle(x: f32) -> f32 {
    (1.0 - x.abs()).max(0.0)
}

fn keys(x: f32) -> f32 {
    convolution(x.abs(), -0.5)
}

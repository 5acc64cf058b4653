//! The best class of each pixel of a row, from the logits of a coarser row.

use super::dense::Activation;
use super::detr::sigmoid;
use crate::resize::AxisTaps;

/// Logits are handled so many at a time.
const LANES: usize = 8;
/// Stands where there is no logit: no class, and nothing to a softmax.
const NOTHING: f32 = -1e30;

type Lanes = [f32; LANES];

/// Logits of a grid, those of each place filled up to whole [`Lanes`].
pub(super) struct Logits {
    values: Vec<Lanes>,
    /// Of a place.
    blocks: usize,
    width: usize,
}

impl Logits {
    /// From `[.., width, channels]`.
    pub(super) fn new(values: &[f32], width: usize, channels: usize) -> Logits {
        let channels = channels.max(1);
        let block = |block: &[f32]| {
            let mut lanes = [NOTHING; LANES];
            lanes[..block.len()].copy_from_slice(block);
            lanes
        };
        let places = values.chunks_exact(channels);
        let values = places.flat_map(|place| place.chunks(LANES).map(block)).collect();
        Logits { values, blocks: channels.div_ceil(LANES), width }
    }

    /// The weighted sum of rows, into `row`.
    pub(super) fn blend_rows(&self, (first, weights): (usize, &[f32]), row: &mut Vec<Lanes>) {
        let len = self.width * self.blocks;
        row.clear();
        row.resize(len, [0.0; LANES]);
        for (line, &weight) in self.values[first * len..].chunks_exact(len).zip(weights) {
            for (sum, values) in row.iter_mut().zip(line) {
                add(sum, values, weight);
            }
        }
    }

    /// Calls `found(x, class, score)` for each pixel that `columns` makes of a `row`.
    pub(super) fn judge_row(
        &self,
        row: &[Lanes],
        columns: &AxisTaps,
        activation: Activation,
        mut found: impl FnMut(usize, usize, f32),
    ) {
        let mut pixel = vec![[0.0; LANES]; self.blocks];
        for x in 0..columns.len() {
            let (first, weights) = columns.window(x);
            pixel.fill([0.0; LANES]);
            let places = row[first * self.blocks..].chunks_exact(self.blocks);
            for (place, &weight) in places.zip(weights).filter(|(_, weight)| **weight != 0.0) {
                for (sum, values) in pixel.iter_mut().zip(place) {
                    add(sum, values, weight);
                }
            }
            let (best, score) = judge(&pixel, activation);
            found(x, best, score);
        }
    }
}

fn add(sum: &mut Lanes, values: &Lanes, weight: f32) {
    *sum = std::array::from_fn(|i| sum[i] + values[i] * weight);
}

/// The best logit (the first of equal ones) and its score.
fn judge(pixel: &[Lanes], activation: Activation) -> (usize, f32) {
    let mut best = pixel[0];
    for lanes in &pixel[1..] {
        best = std::array::from_fn(|i| if lanes[i] > best[i] { lanes[i] } else { best[i] });
    }
    let top = best.iter().fold(best[0], |top, &logit| if logit > top { logit } else { top });
    let place = pixel.iter().enumerate().find_map(|(block, lanes)| {
        let hits = (0..LANES).fold(0_u32, |hits, i| hits | (u32::from(lanes[i] >= top) << i));
        (hits != 0).then(|| block * LANES + hits.trailing_zeros() as usize)
    });
    let place = place.unwrap_or(0);
    if activation == Activation::Sigmoid {
        return (place, sigmoid(top));
    }
    let mut sums = [0.0; LANES];
    for lanes in pixel {
        sums = std::array::from_fn(|i| sums[i] + exp(lanes[i] - top));
    }
    (place, 1.0 / sums.iter().sum::<f32>())
}

/// `e^x` for `x <= 0`, off by 2e-7 of it at most; `e^-87` below -87.
///
/// `x` is a whole number of halvings and a rest of at most half of one, whose power is a Taylor polynomial.
fn exp(x: f32) -> f32 {
    /// Adding it leaves a whole number in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let rest = x - whole * LN_2[0] - whole * LN_2[1];
    let mut power = 1.0 / 5040.0;
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        power = power * rest + factor;
    }
    let exponent = rounded.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    power * f32::from_bits(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_near() {
        for i in 0..=870_000 {
            let x = -(i as f32) / 10_000.0;
            let exact = f64::from(x).exp();
            let off = (f64::from(exp(x)) - exact).abs() / exact;
            assert!(off < 2e-7, "{x}: {off}");
        }
        assert!(exp(-1e30) < 1e-37 && exp(f32::NAN).is_nan());
    }

    /// Logit by logit, as defined.
    fn plainly(logits: &[f32], softmax: bool) -> (usize, f32) {
        let mut best = 0;
        for (i, &logit) in logits.iter().enumerate() {
            if logit > logits[best] {
                best = i;
            }
        }
        let top = logits[best];
        let sum = logits.iter().map(|logit| f64::from(logit - top).exp()).sum::<f64>();
        (best, if softmax { sum.recip() as f32 } else { sigmoid(top) })
    }

    #[test]
    fn pixels_between_places_are_judged_as_one_by_one() {
        let (width, height) = (5, 4);
        let columns = AxisTaps::new(width, 23, false);
        let lines = AxisTaps::new(height, 17, true);
        for channels in [1, 2, 7, 8, 9, 19, 24] {
            let value = |i: usize| ((i * 7919 + 31) % 613) as f32 / 40.0 - 8.0;
            let values: Vec<f32> = (0..width * height * channels).map(value).collect();
            let logits = Logits::new(&values, width, channels);
            for activation in [Activation::Softmax, Activation::Sigmoid] {
                let mut row = Vec::new();
                for y in 0..lines.len() {
                    logits.blend_rows(lines.window(y), &mut row);
                    logits.judge_row(&row, &columns, activation, |x, class, score| {
                        let mut pixel = vec![0.0; channels];
                        let (first_column, across) = columns.window(x);
                        let (first_line, down) = lines.window(y);
                        for (c, pixel) in pixel.iter_mut().enumerate() {
                            for (i, weight) in across.iter().enumerate() {
                                let column = |(j, down): (usize, &f32)| {
                                    let place = (first_line + j) * width + first_column + i;
                                    values[place * channels + c] * down
                                };
                                *pixel += down.iter().enumerate().map(column).sum::<f32>() * weight;
                            }
                        }
                        let (best, needed) = plainly(&pixel, activation == Activation::Softmax);
                        assert_eq!(class, best, "{channels} at {x}, {y}");
                        assert!((score - needed).abs() <= 1e-6, "{score} for {needed}");
                    });
                }
            }
        }
    }
}

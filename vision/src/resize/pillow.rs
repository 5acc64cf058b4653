//! Pillow's two-pass resampler on 8-bit samples: horizontal, round to 8 bits, vertical.

use super::{Filter, for_each_chunk};
use crate::{Image, Result, VisionError, checked_pixels};

/// Fraction bits of a weight: 8 bits of sample and 2 of head room for filters that overshoot.
const PRECISION_BITS: u32 = 32 - 8 - 2;

/// Rows that go through the horizontal pass side by side, one vector lane each.
const STRIP: usize = 16;

/// Resizes as Pillow's `image.resize((width, height), filter)` does, byte for byte.
///
/// # Errors
/// If the size is empty or too large.
pub fn pillow(image: &Image, width: usize, height: usize, filter: Filter) -> Result<Image> {
    let from = (image.width(), image.height());
    let pixels = resample::<3>(image.pixels(), from, (width, height), filter)?;
    Ok(Image::trusted(width, height, pixels))
}

/// [`pillow`] for one channel (Pillow's mode `L`): `[from.1, from.0]` bytes to `[to.1, to.0]`.
///
/// # Errors
/// If a size `(width, height)` is empty or too large, or `gray` has another length.
pub fn pillow_gray(
    gray: &[u8],
    from: (usize, usize),
    to: (usize, usize),
    filter: Filter,
) -> Result<Vec<u8>> {
    let (width, height) = from;
    let expected = checked_pixels(width, height)?;
    if gray.len() != expected {
        let found = gray.len();
        return Err(VisionError::WrongLength { width, height, channels: 1, expected, found });
    }
    resample::<1>(gray, from, to, filter)
}

fn resample<const C: usize>(
    pixels: &[u8],
    (from_w, from_h): (usize, usize),
    (to_w, to_h): (usize, usize),
    filter: Filter,
) -> Result<Vec<u8>> {
    checked_pixels(to_w, to_h)?;
    checked_pixels(to_w, from_h)?;
    let mut wide = None;
    if to_w != from_w {
        let weights = Weights::new(from_w, to_w, filter);
        wide = Some(horizontal::<C>(pixels, from_w, from_h, &weights));
    }
    if to_h != from_h {
        let weights = Weights::new(from_h, to_h, filter);
        return Ok(vertical(wide.as_deref().unwrap_or(pixels), to_w * C, &weights));
    }
    Ok(wide.unwrap_or_else(|| pixels.to_vec()))
}

/// For each output position along one axis: where its window starts and the fixed-point weights.
struct Weights {
    starts: Vec<usize>,
    ends: Vec<usize>,
    fixed: Vec<i32>,
}

impl Weights {
    fn new(from: usize, to: usize, filter: Filter) -> Self {
        let scale = from as f64 / to as f64;
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let mut weights = Self { starts: Vec::with_capacity(to), ends: vec![], fixed: vec![] };
        let mut window = Vec::new();

        for position in 0..to {
            let center = (position as f64 + 0.5) * scale;
            let first = (center - support + 0.5).max(0.0) as usize;
            let last = ((center + support + 0.5) as usize).min(from);
            let inverse = 1.0 / stretch;
            window.clear();
            window
                .extend((first..last).map(|x| filter.weight((x as f64 - center + 0.5) * inverse)));
            let sum: f64 = window.iter().sum();
            let sum = if sum == 0.0 { 1.0 } else { sum };
            weights.fixed.extend(window.iter().map(|w| fixed_point(w / sum)));
            weights.starts.push(first);
            weights.ends.push(weights.fixed.len());
        }
        weights
    }

    fn len(&self) -> usize {
        self.starts.len()
    }

    /// The window's first source position and its weights.
    fn window(&self, position: usize) -> (usize, &[i32]) {
        let begin = if position == 0 { 0 } else { self.ends[position - 1] };
        (self.starts[position], &self.fixed[begin..self.ends[position]])
    }
}

fn fixed_point(weight: f64) -> i32 {
    let scaled = weight * f64::from(1_u32 << PRECISION_BITS);
    (scaled + 0.5_f64.copysign(weight)) as i32
}

fn clip8(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

const HALF: i32 = 1 << (PRECISION_BITS - 1);

/// `[height, from, C]` to `[height, weights.len(), C]`.
///
/// A strip of rows is turned so that its rows lie side by side: then every weight meets a whole
/// vector of samples, whatever the channel count.
fn horizontal<const C: usize>(
    pixels: &[u8],
    from: usize,
    height: usize,
    weights: &Weights,
) -> Vec<u8> {
    let to = weights.len();
    let mut out = vec![0; height * to * C];
    let work = height * weights.fixed.len() * C;
    for_each_chunk(&mut out, STRIP * to * C, work, |strip, out| {
        let rows = pixels[strip * STRIP * from * C..].chunks_exact(from * C).take(STRIP);
        let turned = turn(rows, from * C);
        for x in 0..to {
            let (first, taps) = weights.window(x);
            let window = &turned[first * C..(first + taps.len()) * C];
            for channel in 0..C {
                let mut sums = [HALF; STRIP];
                for (samples, &tap) in window[channel..].iter().step_by(C).zip(taps) {
                    for (sum, &sample) in sums.iter_mut().zip(samples) {
                        *sum += i32::from(sample) * tap;
                    }
                }
                for (row, sum) in out.chunks_exact_mut(to * C).zip(sums) {
                    row[x * C + channel] = clip8(sum);
                }
            }
        }
    });
    out
}

/// Rows `[STRIP][len]` to columns `[len][STRIP]`; missing rows stay zero.
fn turn<'a>(rows: impl Iterator<Item = &'a [u8]>, len: usize) -> Vec<[u8; STRIP]> {
    let mut turned = vec![[0; STRIP]; len];
    for (lane, row) in rows.enumerate() {
        for (column, &sample) in turned.iter_mut().zip(row) {
            column[lane] = sample;
        }
    }
    turned
}

/// Rows of `row_len` samples to `weights.len()` rows.
fn vertical(pixels: &[u8], row_len: usize, weights: &Weights) -> Vec<u8> {
    const LANES: usize = 32;
    let mut out = vec![0; weights.len() * row_len];
    for_each_chunk(&mut out, row_len, weights.fixed.len() * row_len, |y, out| {
        let (first, taps) = weights.window(y);
        let rows = &pixels[first * row_len..];
        for (block, out) in out.chunks_mut(LANES).enumerate() {
            let mut sums = [HALF; LANES];
            for (row, &tap) in rows.chunks_exact(row_len).zip(taps) {
                let samples = &row[block * LANES..][..out.len()];
                if let Ok(samples) = <&[u8; LANES]>::try_from(samples) {
                    accumulate(&mut sums, samples, tap);
                } else {
                    accumulate(&mut sums, samples, tap);
                }
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = clip8(sum);
            }
        }
    });
    out
}

#[inline]
fn accumulate(sums: &mut [i32], samples: &[u8], tap: i32) {
    for (sum, &sample) in sums.iter_mut().zip(samples) {
        *sum += i32::from(sample) * tap;
    }
}

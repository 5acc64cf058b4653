//! Pillow's two-pass resampler on 8-bit samples: horizontal, round to 8 bits, vertical.

use super::{Filter, for_each_chunk};
use crate::{Image, Result, VisionError, checked_pixels};

/// Fraction bits of a weight: 8 bits of sample and 2 of head room for filters that overshoot.
const PRECISION_BITS: u32 = 32 - 8 - 2;

/// How many fraction bits weights have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    /// Pillow's 22.
    Fixed,
    /// As many as the largest weight leaves in 16 bits, as `PyTorch` has them.
    Sixteen,
}

/// Rows that meet a weight together in the horizontal pass.
const LANES: usize = 16;

/// Samples of a row that meet a weight together in the vertical pass.
const BLOCK: usize = 512;

/// Resizes as Pillow's `image.resize((width, height), filter)` does, byte for byte.
///
/// # Errors
/// If the size is empty or too large.
pub fn pillow(image: &Image, width: usize, height: usize, filter: Filter) -> Result<Image> {
    let from = (image.width(), image.height());
    let pixels = resample::<3>(image.pixels(), from, (width, height), filter, Precision::Fixed)?;
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
    resample::<1>(gray, from, to, filter, Precision::Fixed)
}

/// `[from_h, from_w, C]` to `[to_h, to_w, C]`.
pub(super) fn resample<const C: usize>(
    pixels: &[u8],
    (from_w, from_h): (usize, usize),
    (to_w, to_h): (usize, usize),
    filter: Filter,
    precision: Precision,
) -> Result<Vec<u8>> {
    checked_pixels(to_w, to_h)?;
    checked_pixels(to_w, from_h)?;
    let mut wide = None;
    if to_w != from_w {
        let weights = Weights::new(from_w, to_w, filter, precision);
        wide = Some(horizontal::<C>(pixels, from_w, from_h, &weights));
    }
    if to_h != from_h {
        let weights = Weights::new(from_h, to_h, filter, precision);
        return Ok(vertical(wide.as_deref().unwrap_or(pixels), to_w * C, &weights));
    }
    Ok(wide.unwrap_or_else(|| pixels.to_vec()))
}

impl Precision {
    fn bits(self, weights: &[f64]) -> u32 {
        if self == Precision::Fixed {
            return PRECISION_BITS;
        }
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let fits = |bits: u32| (0.5 + largest * f64::from(1_u32 << bits)) < f64::from(1 << 15);
        (1..=PRECISION_BITS).take_while(|&bits| fits(bits)).last().unwrap_or(1)
    }
}

/// For each output position along one axis: where its window starts and the fixed-point weights.
struct Weights {
    starts: Vec<usize>,
    ends: Vec<usize>,
    fixed: Vec<Weight>,
    bits: u32,
}

/// A fixed-point weight as `high * 256 + low`: factors of 16 bits multiply far faster than
/// factors of 32 on the vector units this must run on.
#[derive(Clone, Copy)]
struct Weight {
    high: i16,
    low: i16,
}

impl Weight {
    fn new(weight: f64, bits: u32) -> Self {
        let scaled = weight * f64::from(1_u32 << bits);
        let fixed = (scaled + 0.5_f64.copysign(weight)) as i32;
        Self { high: (fixed >> 8) as i16, low: (fixed & 0xff) as i16 }
    }
}

/// Weighted sums of `N` samples.
///
/// Each part may wrap around; the whole fits 32 bits, so it comes out right.
struct Sums<const N: usize> {
    high: [i32; N],
    low: [i32; N],
}

impl<const N: usize> Sums<N> {
    const ZERO: Self = Self { high: [0; N], low: [0; N] };

    /// Adds the weighted samples, of which there are at most `N`.
    #[inline]
    fn add(&mut self, samples: &[u8], weight: Weight) {
        let (high, low) = (i32::from(weight.high), i32::from(weight.low));
        let sums = self.high.iter_mut().zip(&mut self.low);
        for ((sum_high, sum_low), &sample) in sums.zip(samples) {
            *sum_high = sum_high.wrapping_add(i32::from(sample) * high);
            *sum_low = sum_low.wrapping_add(i32::from(sample) * low);
        }
    }

    /// Writes the sums, rounded and cut to bytes.
    #[inline]
    fn write(&self, out: &mut [u8], bits: u32) {
        let half = 1 << (bits - 1);
        for ((out, &high), &low) in out.iter_mut().zip(&self.high).zip(&self.low) {
            let sum = (high << 8).wrapping_add(low).wrapping_add(half);
            *out = (sum >> bits).clamp(0, 255) as u8;
        }
    }
}

impl Weights {
    fn new(from: usize, to: usize, filter: Filter, precision: Precision) -> Self {
        let scale = from as f64 / to as f64;
        let stretch = scale.max(1.0);
        let support = filter.support() * stretch;
        let (mut starts, mut ends) = (Vec::with_capacity(to), Vec::with_capacity(to));
        let mut all = Vec::new();

        for position in 0..to {
            let center = (position as f64 + 0.5) * scale;
            let first = (center - support + 0.5).max(0.0) as usize;
            let last = ((center + support + 0.5) as usize).min(from);
            let inverse = 1.0 / stretch;
            let begin = all.len();
            all.extend((first..last).map(|x| filter.weight((x as f64 - center + 0.5) * inverse)));
            let window = &mut all[begin..];
            let sum: f64 = window.iter().sum();
            let sum = if sum == 0.0 { 1.0 } else { sum };
            for weight in window {
                *weight /= sum;
            }
            starts.push(first);
            ends.push(all.len());
        }
        let bits = precision.bits(&all);
        let fixed = all.into_iter().map(|weight| Weight::new(weight, bits)).collect();
        Self { starts, ends, fixed, bits }
    }

    fn len(&self) -> usize {
        self.starts.len()
    }

    /// The window's first source position and its weights.
    fn window(&self, position: usize) -> (usize, &[Weight]) {
        let begin = if position == 0 { 0 } else { self.ends[position - 1] };
        (self.starts[position], &self.fixed[begin..self.ends[position]])
    }
}

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
    for_each_chunk(&mut out, LANES * to * C, work, |strip, out| {
        let rows = pixels[strip * LANES * from * C..].chunks_exact(from * C).take(LANES);
        let turned = turn(rows, from * C);
        let mut narrow = vec![[0; LANES]; to * C];
        for (x, narrow) in narrow.as_chunks_mut::<C>().0.iter_mut().enumerate() {
            let (first, taps) = weights.window(x);
            let window = &turned[first * C..(first + taps.len()) * C];
            for (channel, narrow) in narrow.iter_mut().enumerate() {
                let mut sums = Sums::<LANES>::ZERO;
                for (samples, &tap) in window[channel..].iter().step_by(C).zip(taps) {
                    sums.add(samples, tap);
                }
                sums.write(narrow, weights.bits);
            }
        }
        for (lane, row) in out.chunks_exact_mut(to * C).enumerate() {
            for (out, column) in row.iter_mut().zip(&narrow) {
                *out = column[lane];
            }
        }
    });
    out
}

/// Rows `[LANES][len]` to columns `[len][LANES]`; missing rows stay zero.
fn turn<'a>(rows: impl Iterator<Item = &'a [u8]>, len: usize) -> Vec<[u8; LANES]> {
    let mut turned = vec![[0; LANES]; len];
    for (lane, row) in rows.enumerate() {
        for (column, &sample) in turned.iter_mut().zip(row) {
            column[lane] = sample;
        }
    }
    turned
}

/// Rows of `row_len` samples to `weights.len()` rows.
fn vertical(pixels: &[u8], row_len: usize, weights: &Weights) -> Vec<u8> {
    let mut out = vec![0; weights.len() * row_len];
    for_each_chunk(&mut out, row_len, weights.fixed.len() * row_len, |y, out| {
        let (first, taps) = weights.window(y);
        let rows = &pixels[first * row_len..][..taps.len() * row_len];
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut sums = Sums::<BLOCK>::ZERO;
            for (row, &tap) in rows.chunks_exact(row_len).zip(taps) {
                sums.add(&row[block * BLOCK..][..out.len()], tap);
            }
            sums.write(out, weights.bits);
        }
    });
    out
}

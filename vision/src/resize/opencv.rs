//! OpenCV's `resize` with `INTER_LINEAR` on 8-bit samples.

use super::for_each_chunk;
use crate::{Image, Result, checked_pixels};

/// A weight of one, in OpenCV's fixed point.
const ONE: f32 = 2048.0;

/// Output rows a thread takes at a time.
const ROWS: usize = 32;

/// Resizes as `cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)` does, byte for
/// byte: half-pixel centres, two taps, no antialias, and an exact half is averaged over 2x2.
///
/// # Errors
/// If the size is empty or too large.
pub fn opencv_linear(image: &Image, width: usize, height: usize) -> Result<Image> {
    checked_pixels(width, height)?;
    let from = (image.width(), image.height());
    let pixels = match from {
        _ if from == (width, height) => image.pixels().to_vec(),
        _ if from == (width * 2, height * 2) => halve::<3>(image.pixels(), width, height),
        _ => linear::<3>(image.pixels(), from, (width, height)),
    };
    Ok(Image::trusted(width, height, pixels))
}

fn halve<const C: usize>(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let row_len = width * 2 * C;
    let mut out = vec![0; width * height * C];
    for_each_chunk(&mut out, width * C, width * height * C, |y, out| {
        let (upper, lower) = pixels[y * 2 * row_len..][..row_len * 2].split_at(row_len);
        for (x, out) in out.as_chunks_mut::<C>().0.iter_mut().enumerate() {
            for (c, out) in out.iter_mut().enumerate() {
                let at = x * 2 * C + c;
                let four = [upper[at], upper[at + C], lower[at], lower[at + C]];
                *out = ((four.map(u32::from).iter().sum::<u32>() + 2) >> 2) as u8;
            }
        }
    });
    out
}

/// Two source positions and their weights.
#[derive(Clone, Copy)]
struct Pair {
    at: [usize; 2],
    weight: [i32; 2],
}

fn linear<const C: usize>(
    pixels: &[u8],
    (from_w, from_h): (usize, usize),
    (to_w, to_h): (usize, usize),
) -> Vec<u8> {
    let columns = columns(from_w, to_w);
    let lines = lines(from_h, to_h);
    let row_len = to_w * C;
    let mut out = vec![0; to_h * row_len];
    for_each_chunk(&mut out, row_len * ROWS, to_h * row_len * 4, |chunk, out| {
        let mut rows = [Widened::new(row_len), Widened::new(row_len)];
        for (out, line) in out.chunks_exact_mut(row_len).zip(&lines[chunk * ROWS..]) {
            if rows[0].of != Some(line.at[0]) && rows[1].of == Some(line.at[0]) {
                rows.swap(0, 1);
            }
            for (row, at) in rows.iter_mut().zip(line.at) {
                row.fill::<C>(pixels, from_w, at, &columns);
            }
            blend(out, &rows[0].values, &rows[1].values, line.weight);
        }
    });
    out
}

/// One source row after the horizontal pass, kept because neighbouring output rows share it.
struct Widened {
    of: Option<usize>,
    values: Vec<i32>,
}

impl Widened {
    fn new(len: usize) -> Self {
        Self { of: None, values: vec![0; len] }
    }

    fn fill<const C: usize>(&mut self, pixels: &[u8], from: usize, at: usize, columns: &[Pair]) {
        if self.of == Some(at) {
            return;
        }
        self.of = Some(at);
        let row = pixels[at * from * C..][..from * C].as_chunks::<C>().0;
        for (out, pair) in self.values.as_chunks_mut::<C>().0.iter_mut().zip(columns) {
            let (a, b) = (row[pair.at[0]], row[pair.at[1]]);
            for c in 0..C {
                out[c] = i32::from(a[c]) * pair.weight[0] + i32::from(b[c]) * pair.weight[1];
            }
        }
    }
}

/// The vertical pass; the shifts in between are those that fit OpenCV's 16-bit multiplies.
fn blend(out: &mut [u8], upper: &[i32], lower: &[i32], weight: [i32; 2]) {
    for ((out, &a), &b) in out.iter_mut().zip(upper).zip(lower) {
        let sum = ((weight[0] * (a >> 4)) >> 16) + ((weight[1] * (b >> 4)) >> 16);
        *out = ((sum + 2) >> 2).clamp(0, 255) as u8;
    }
}

/// Horizontal pairs: beyond the border the nearest pixel takes the whole weight.
fn columns(from: usize, to: usize) -> Vec<Pair> {
    let pair = |(floor, fraction): (isize, f32)| {
        if floor < 0 {
            return Pair { at: [0, 0], weight: fixed(0.0) };
        }
        let at = floor as usize;
        if at + 1 >= from {
            return Pair { at: [from - 1, from - 1], weight: fixed(0.0) };
        }
        Pair { at: [at, at + 1], weight: fixed(fraction) }
    };
    positions(from, to).map(pair).collect()
}

/// Vertical pairs: beyond the border the rows are clipped and the weights stay.
fn lines(from: usize, to: usize) -> Vec<Pair> {
    let clip = |at: isize| at.clamp(0, from as isize - 1) as usize;
    positions(from, to)
        .map(|(floor, fraction)| Pair {
            at: [clip(floor), clip(floor + 1)],
            weight: fixed(fraction),
        })
        .collect()
}

/// The whole and the fractional part of each output centre, in source pixels.
fn positions(from: usize, to: usize) -> impl Iterator<Item = (isize, f32)> {
    let scale = 1.0 / (to as f64 / from as f64);
    (0..to).map(move |position| {
        let center = ((position as f64 + 0.5) * scale - 0.5) as f32;
        let floor = center.floor();
        (floor as isize, center - floor)
    })
}

fn fixed(fraction: f32) -> [i32; 2] {
    [1.0 - fraction, fraction].map(|weight| (weight * ONE).round_ties_even() as i32)
}

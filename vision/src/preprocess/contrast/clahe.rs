//! Contrast-limited adaptive histogram equalisation of the brightness.
//!
//! The picture is cut into tiles of an eighth of its sides. Each tile has a histogram, clipped
//! and made into a table; a pixel's new value is blended from the tables of the four tiles around.

use super::hsv;
use crate::{Image, Size};

const LEVELS: usize = 1 << 14;
const BINS: usize = 256;
const CLIP_LIMIT: f64 = 0.03;

/// Equalises the brightness, keeping hue and saturation.
pub(super) fn equalize(image: &mut Image) {
    let colors: Vec<[f32; 3]> = image
        .pixels()
        .as_chunks::<3>()
        .0
        .iter()
        .map(|rgb| hsv::from_rgb(rgb.map(|v| f32::from(v) / 255.0)))
        .collect();
    let values: Vec<f32> = colors.iter().map(|color| color[2]).collect();
    let values = rescale(&clahe(&levels(&values), image.size()));

    let pixels = image.pixels_mut().as_chunks_mut::<3>().0;
    for ((pixel, [hue, saturation, _]), value) in pixels.iter_mut().zip(colors).zip(values) {
        *pixel = hsv::to_rgb([hue, saturation, value]).map(|v| (v * 255.0) as u8);
    }
}

/// Values in 0..=1 to levels, the darkest to 0 and the brightest to the last.
fn levels(values: &[f32]) -> Vec<u16> {
    let fine: Vec<f64> = values
        .iter()
        .map(|v| f64::from((v * 65535.0).round_ties_even().clamp(0.0, 65535.0)))
        .collect();
    let (low, high) = range(fine.iter().copied());
    let top = (LEVELS - 1) as f64;
    let level = |v: f64| if low >= high { v.min(top) } else { (v - low) / (high - low) * top };
    fine.into_iter().map(|v| level(v).round_ties_even() as u16).collect()
}

/// Levels to 0..=1.
fn rescale(levels: &[u16]) -> Vec<f32> {
    let (low, high) = range(levels.iter().map(|&v| f64::from(v)));
    let (low, high) = (low as f32, high as f32);
    let value = |v: f32| if low >= high { v.min(1.0) } else { (v - low) / (high - low) };
    levels.iter().map(|&v| value(f32::from(v))).collect()
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
}

/// One axis: the tile's side, and where the tiles lie.
#[derive(Clone, Copy)]
struct Axis {
    len: usize,
    tile: usize,
    /// Tiles that have a histogram.
    count: usize,
}

impl Axis {
    fn new(len: usize) -> Self {
        let tile = (len / 8).max(1);
        let padded = tile / 2 + len + (tile - len % tile) % tile + tile.div_ceil(2);
        Self { len, tile, count: padded / tile - 1 }
    }

    /// A position in the padded axis, mirrored into the picture.
    fn mirror(self, at: usize) -> usize {
        let period = (2 * (self.len - 1)).max(1);
        let at = (at + period * self.tile - self.tile / 2) % period;
        at.min(period - at).min(self.len - 1)
    }

    /// For a position in the picture: the tile before it, the tile after it (clamped to those
    /// that have a histogram), and how far it is from one to the other.
    fn between(self, at: usize) -> (usize, usize, f64) {
        let at = at + self.tile / 2;
        let block = at / self.tile;
        let clamp = |tile: usize| tile.saturating_sub(1).min(self.count - 1);
        (clamp(block), clamp(block + 1), (at % self.tile) as f64 / self.tile as f64)
    }
}

fn clahe(levels: &[u16], size: Size) -> Vec<u16> {
    let (x_axis, y_axis) = (Axis::new(size.width), Axis::new(size.height));
    let bin_size = 1 + LEVELS / BINS;
    let bins: Vec<u8> = levels.iter().map(|&v| (usize::from(v) / bin_size) as u8).collect();

    let mut maps = Vec::with_capacity(x_axis.count * y_axis.count);
    for tile_y in 0..y_axis.count {
        for tile_x in 0..x_axis.count {
            let mut counts = [0_i64; BINS];
            for y in tile_rows(y_axis, tile_y) {
                for x in tile_rows(x_axis, tile_x) {
                    counts[usize::from(bins[y * size.width + x])] += 1;
                }
            }
            let pixels = x_axis.tile * y_axis.tile;
            clip(&mut counts, ((CLIP_LIMIT * pixels as f64) as i64).max(1));
            maps.push(table(&counts, pixels));
        }
    }

    let columns: Vec<_> = (0..size.width).map(|x| x_axis.between(x)).collect();
    let mut out = Vec::with_capacity(levels.len());
    for (y, row) in bins.chunks_exact(size.width).enumerate() {
        let (above, below, down) = y_axis.between(y);
        for (&bin, &(left, right, along)) in row.iter().zip(&columns) {
            let map = |y: usize, x: usize| maps[y * x_axis.count + x][usize::from(bin)];
            let corners = [
                map(above, left) * ((1.0 - along) * (1.0 - down)),
                map(above, right) * (along * (1.0 - down)),
                map(below, left) * ((1.0 - along) * down),
                map(below, right) * (along * down),
            ];
            out.push(corners.iter().fold(0.0_f32, |sum, &part| sum + part as f32) as u16);
        }
    }
    out
}

/// The positions in the picture of a tile's rows (or columns).
fn tile_rows(axis: Axis, tile: usize) -> impl Iterator<Item = usize> {
    let start = axis.tile / 2 + tile * axis.tile;
    (start..start + axis.tile).map(move |at| axis.mirror(at))
}

/// Cuts a histogram at `limit` and spreads what was cut off over the other bins.
fn clip(counts: &mut [i64; BINS], limit: i64) {
    let mut excess: i64 = counts.iter().map(|&count| (count - limit).max(0)).sum();
    *counts = counts.map(|count| count.min(limit));

    let increment = excess / BINS as i64;
    let upper = limit - increment;
    for count in counts.iter_mut() {
        let filled = if *count < upper { *count + increment } else { limit };
        excess -= filled - *count;
        *count = filled;
    }

    while excess > 0 {
        let before = excess;
        for index in 0..BINS {
            let under = counts.iter().filter(|&&count| count < limit).count() as i64;
            let step = (under / excess).max(1) as usize;
            for count in counts[index..].iter_mut().step_by(step).filter(|count| **count < limit) {
                *count += 1;
                excess -= 1;
            }
            if excess <= 0 {
                break;
            }
        }
        if before == excess {
            break;
        }
    }
}

/// The new level of each bin.
fn table(counts: &[i64; BINS], pixels: usize) -> [f64; BINS] {
    let top = (LEVELS - 1) as f64;
    let mut sum = 0;
    counts.map(|count| {
        sum += count;
        (sum as f64 * (top / pixels as f64)).min(top).trunc()
    })
}

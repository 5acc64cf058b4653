//! From a network's mask logits to masks of the original picture.

use rayon::prelude::*;

use super::grid::{Unpadded, unpad};
use crate::masks::Runs;
use crate::resize::AxisTaps;
use crate::{MaskFormat, Masks, PreProcessingMetadata, Result, Rle, Size};

/// Leads maps `[grid.height, grid.width]` of one picture back to it, one mask a map: cuts the
/// border off, resizes bilinearly with antialias, compares with `threshold` (strictly greater is
/// in the mask) and puts the result where the static crop was.
///
/// Masks are made as run lengths, without a resized map in memory; bitmaps are made from those.
///
/// # Errors
/// If a map has another length, or the metadata leave nothing of it.
pub fn align_masks(
    maps: &[&[f32]],
    grid: Size,
    metadata: &PreProcessingMetadata,
    threshold: f32,
    format: MaskFormat,
) -> Result<Masks> {
    let rle: Vec<Rle> = maps
        .par_iter()
        .map(|map| align_mask(map, grid, metadata, threshold))
        .collect::<Result<_>>()?;
    Ok(match format {
        MaskFormat::Rle => Masks::Rle(rle),
        MaskFormat::Dense => Masks::Dense(rle.par_iter().map(Rle::to_bitmap).collect()),
    })
}

/// [`align_masks`] for one map.
///
/// # Errors
/// As [`align_masks`].
pub fn align_mask(
    map: &[f32],
    grid: Size,
    metadata: &PreProcessingMetadata,
    threshold: f32,
) -> Result<Rle> {
    let Unpadded { values, size } = unpad(map, grid, 1, metadata)?;
    let part = metadata.static_crop_offset;
    let canvas = metadata.original_size;
    let inner = metadata.size_after_pre_processing;
    canvas.checked_pixels()?;
    inner.checked_pixels()?;
    let above = part.y.min(canvas.height);
    let shown = inner.height.min(canvas.height - above);
    let below = canvas.height - above - shown;

    let columns = AxisTaps::new(size.width, inner.width, true);
    let lines = AxisTaps::new(size.height, inner.height, true);
    let turned = transpose(&values, size);
    let mut column = vec![0.0; size.height];
    let mut runs = Runs::default();
    runs.push(false, (part.x.min(canvas.width) * canvas.height) as u32);
    let across = inner.width.min(canvas.width.saturating_sub(part.x));
    for x in 0..across {
        blend_column(&turned, size.height, columns.window(x), &mut column);
        runs.push(false, above as u32);
        push_column(&column, &lines, shown, threshold, &mut runs);
        runs.push(false, below as u32);
    }
    let rest = canvas.width.saturating_sub(part.x + across);
    runs.push(false, (rest * canvas.height) as u32);
    Ok(runs.finish(canvas))
}

/// `[height, width]` to `[width, height]`.
fn transpose(values: &[f32], size: Size) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    for (y, row) in values.chunks_exact(size.width).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            turned[x * size.height + y] = value;
        }
    }
    turned
}

/// The horizontal pass for one column of the result.
fn blend_column(turned: &[f32], height: usize, (first, weights): (usize, &[f32]), out: &mut [f32]) {
    out.fill(0.0);
    for (source, &weight) in turned[first * height..].chunks_exact(height).zip(weights) {
        for (out, value) in out.iter_mut().zip(source) {
            *out += value * weight;
        }
    }
}

/// The vertical pass and the comparison for one column.
///
/// Output pixels that share a window share a decision when all of the window's values lie on one
/// side of the threshold: a weighted mean stays between its values. Only the others are computed.
fn push_column(column: &[f32], lines: &AxisTaps, rows: usize, threshold: f32, runs: &mut Runs) {
    let slack = threshold.abs() * 1e-5;
    let mut y = 0;
    while y < rows {
        let (first, weights) = lines.window(y);
        let same = lines.run(y).min(rows - y);
        let window = &column[first..first + weights.len()];
        if window.iter().all(|&v| v > threshold + slack) {
            runs.push(true, same as u32);
        } else if window.iter().all(|&v| v < threshold - slack || v <= threshold && slack == 0.0) {
            runs.push(false, same as u32);
        } else {
            for y in y..y + same {
                let weights = lines.window(y).1;
                let value: f32 = window.iter().zip(weights).map(|(v, w)| v * w).sum();
                runs.push(value > threshold, 1);
            }
        }
        y += same;
    }
}

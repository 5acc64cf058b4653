//! From a network's mask logits to masks of the original picture.

use std::ops::Range;

use rayon::prelude::*;

use super::grid::{Unpadded, unpad};
use crate::masks::Runs;
use crate::resize::{AxisTaps, dot};
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

    let across = inner.width.min(canvas.width.saturating_sub(part.x));
    let resized = Resized {
        turned: transpose(&values, size),
        height: size.height,
        columns: AxisTaps::new(size.width, inner.width, true),
        lines: AxisTaps::new(size.height, inner.height, true),
        threshold,
    };
    let mut runs = Runs::default();
    let blank = |runs: &mut Runs, count: usize| runs.push(false, count as u32);
    blank(&mut runs, part.x.min(canvas.width) * canvas.height);
    resized.for_each_column(across, |column| {
        blank(&mut runs, above);
        column.push(shown, &mut runs);
        blank(&mut runs, below);
    });
    blank(&mut runs, canvas.width.saturating_sub(part.x + across) * canvas.height);
    Ok(runs.finish(canvas))
}

/// `[height, width]` to `[width, height]`; what is not a number is in no mask.
fn transpose(values: &[f32], size: Size) -> Vec<f32> {
    let mut turned = vec![0.0; values.len()];
    for (y, row) in values.chunks_exact(size.width).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            turned[x * size.height + y] = if value.is_nan() { f32::NEG_INFINITY } else { value };
        }
    }
    turned
}

/// A map and how it is resized and compared, never resized as a whole.
///
/// Output pixels that share a window of the map share the decision when all of the window lies on
/// one side of the threshold: a weighted mean stays between its values. The other windows are the
/// mask's outline, and only there values are computed.
struct Resized {
    turned: Vec<f32>,
    height: usize,
    columns: AxisTaps,
    lines: AxisTaps,
    threshold: f32,
}

/// Output rows that share a window, or neighbours with the same decision.
struct Segment {
    rows: Range<usize>,
    decision: Option<bool>,
}

/// One column of the result.
struct Column<'a> {
    segments: &'a [Segment],
    /// The map's column after the horizontal pass; only valid if a segment is undecided.
    values: &'a [f32],
    lines: &'a AxisTaps,
    threshold: f32,
}

impl Resized {
    /// Calls `visit` for the first `count` columns of the result, left to right.
    fn for_each_column(&self, count: usize, mut visit: impl FnMut(&Column<'_>)) {
        let mut values = vec![0.0; self.height];
        for (first, outputs) in self.columns.runs() {
            let segments = self.segments(first);
            let undecided = segments.iter().any(|segment| segment.decision.is_none());
            for x in outputs.start.min(count)..outputs.end.min(count) {
                if undecided {
                    self.blend(x, &mut values);
                }
                visit(&Column {
                    segments: &segments,
                    values: &values,
                    lines: &self.lines,
                    threshold: self.threshold,
                });
            }
        }
    }

    /// The decisions for all columns whose window begins at source column `first`.
    fn segments(&self, first: usize) -> Vec<Segment> {
        let sources = self.sources(first);
        let mut low = vec![f32::INFINITY; self.height];
        let mut high = vec![f32::NEG_INFINITY; self.height];
        for source in sources {
            for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(source) {
                *low = low.min(value);
                *high = high.max(value);
            }
        }
        let slack = self.threshold.abs() * 1e-5;
        let mut segments: Vec<Segment> = Vec::new();
        for (first, rows) in self.lines.runs() {
            let window = first..first + self.lines.taps();
            let decision = if low[window.clone()].iter().all(|&v| v > self.threshold + slack) {
                Some(true)
            } else if high[window].iter().all(|&v| v <= self.threshold - slack) {
                Some(false)
            } else {
                None
            };
            match segments.last_mut() {
                Some(last) if last.decision == decision => last.rows.end = rows.end,
                _ => segments.push(Segment { rows, decision }),
            }
        }
        segments
    }

    /// The horizontal pass for one column of the result.
    fn blend(&self, x: usize, out: &mut [f32]) {
        let (first, weights) = self.columns.window(x);
        out.fill(0.0);
        for (source, &weight) in self.sources(first).zip(weights) {
            for (out, value) in out.iter_mut().zip(source) {
                *out += value * weight;
            }
        }
    }

    /// The source columns of a window.
    fn sources(&self, first: usize) -> impl Iterator<Item = &[f32]> {
        self.turned[first * self.height..].chunks_exact(self.height).take(self.columns.taps())
    }
}

impl Column<'_> {
    /// Appends the first `count` rows.
    fn push(&self, count: usize, runs: &mut Runs) {
        for Segment { rows, decision } in self.segments {
            let rows = rows.start.min(count)..rows.end.min(count);
            if let Some(set) = decision {
                runs.push(*set, rows.len() as u32);
                continue;
            }
            for y in rows {
                let (first, weights) = self.lines.window(y);
                runs.push(dot(&self.values[first..], weights) > self.threshold, 1);
            }
        }
    }
}

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
    let shown =
        |inner: usize, canvas: usize, before: usize| inner.min(canvas.saturating_sub(before));
    let place = Place {
        canvas,
        left: part.x.min(canvas.width),
        top: part.y.min(canvas.height),
        columns: 0..shown(inner.width, canvas.width, part.x),
        rows: 0..shown(inner.height, canvas.height, part.y),
    };
    let columns = AxisTaps::new(size.width, inner.width, true);
    let lines = AxisTaps::new(size.height, inner.height, true);
    Ok(outline(&values, size, columns, lines, threshold, &place))
}

/// Where a resized map lies on the picture, and which of its columns and rows are shown.
pub(super) struct Place {
    pub(super) canvas: Size,
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) columns: Range<usize>,
    pub(super) rows: Range<usize>,
}

/// The pixels of the picture where a map `[size.height, size.width]`, resized by the taps, is over the threshold.
pub(super) fn outline(
    values: &[f32],
    size: Size,
    columns: AxisTaps,
    lines: AxisTaps,
    threshold: f32,
    place: &Place,
) -> Rle {
    let turned = transpose(values, size);
    let resized = Resized { turned, height: size.height, columns, lines, threshold };
    let Place { canvas, left, top, .. } = *place;
    let (above, shown) = (top + place.rows.start, place.rows.len());
    let below = canvas.height.saturating_sub(above + shown);
    let before = left + place.columns.start;
    let after = canvas.width.saturating_sub(before + place.columns.len());

    let mut runs = Runs::default();
    let blank = |runs: &mut Runs, count: usize| runs.push(false, count as u32);
    blank(&mut runs, before * canvas.height);
    resized.for_each_column(&place.columns, |column| {
        blank(&mut runs, above);
        column.push(&place.rows, &mut runs);
        blank(&mut runs, below);
    });
    blank(&mut runs, after * canvas.height);
    runs.finish(canvas)
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
    /// Calls `visit` for the `shown` columns of the result, left to right.
    fn for_each_column(&self, shown: &Range<usize>, mut visit: impl FnMut(&Column<'_>)) {
        let mut values = vec![0.0; self.height];
        for (first, outputs) in self.columns.runs() {
            let outputs = outputs.start.max(shown.start)..outputs.end.min(shown.end);
            if outputs.is_empty() {
                continue;
            }
            let segments = self.segments(first);
            let undecided = segments.iter().any(|segment| segment.decision.is_none());
            for x in outputs {
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
    /// Appends the `shown` rows.
    fn push(&self, shown: &Range<usize>, runs: &mut Runs) {
        for Segment { rows, decision } in self.segments {
            let rows = rows.start.max(shown.start)..rows.end.min(shown.end);
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

//! Instance masks as weighted sums of a picture's prototypes (Bolya et al., "YOLACT: Real-time Instance Segmentation",
//! 2019).

use std::ops::Range;

use rayon::prelude::*;

use super::detr::sigmoid;
use super::masks::{Place, align_mask, outline};
use super::native;
use crate::resize::{AxisTaps, dot};
use crate::{PreProcessingMetadata, Result, Rle, Size, VisionError};

/// The prototypes of one picture, `[grid.height, grid.width, channels]`.
#[derive(Debug, Clone, Copy)]
pub struct Prototypes<'a> {
    values: &'a [f32],
    grid: Size,
    channels: usize,
}

/// What a mask is made from: an instance's coefficients, and its box in pixels of the network's input.
pub type Coefficients<'a> = (&'a [f32], [f32; 4]);

/// How `inference-models` makes masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskValues {
    /// Probabilities are resized and compared with one half.
    Smooth,
    /// Logits are resized and compared with zero.
    Logits,
}

impl<'a> Prototypes<'a> {
    /// Takes prototypes.
    ///
    /// # Errors
    /// If there are not as many values as the extents say.
    pub fn new(values: &'a [f32], grid: Size, channels: usize) -> Result<Self> {
        if channels == 0 || grid.checked_pixels()?.checked_mul(channels) != Some(values.len()) {
            let expected = format!("[{}, {}, {channels}]", grid.height, grid.width);
            return Err(VisionError::shape("protos", &[values.len()], &expected));
        }
        Ok(Self { values, grid, channels })
    }

    /// Masks cut to their boxes in the prototypes' own grid (a quarter of the input's pixels, rounded), then resized with
    /// antialias to the picture: the way of `inference-models`.
    ///
    /// # Errors
    /// If an instance has another number of coefficients, or the metadata leave nothing of the grid.
    pub fn masks(
        &self,
        instances: &[Coefficients<'_>],
        metadata: &PreProcessingMetadata,
        values: MaskValues,
    ) -> Result<Vec<Rle>> {
        let threshold = match values {
            MaskValues::Smooth => 0.5,
            MaskValues::Logits => 0.0,
        };
        let one = |instance: &Coefficients<'_>| {
            align_mask(&self.cut(*instance, values)?, self.grid, metadata, threshold)
        };
        instances.par_iter().map(one).collect()
    }

    /// A map with zeros outside of the instance's box, `[grid.height, grid.width]`.
    fn cut(&self, (coefficients, xyxy): Coefficients<'_>, values: MaskValues) -> Result<Vec<f32>> {
        let (columns, rows) = within(xyxy.map(|side| (side * 0.25).round_ties_even()), self.grid);
        let mut map = self.map(coefficients, columns.clone(), rows.clone())?;
        if values == MaskValues::Smooth {
            for row in map.chunks_exact_mut(self.grid.width).take(rows.end).skip(rows.start) {
                row[columns.clone()].iter_mut().for_each(|value| *value = sigmoid(*value));
            }
        }
        Ok(map)
    }

    /// Masks resized to the picture and then cut to their boxes: the way of Ultralytics with `retina_masks`, whose
    /// prototypes have a quarter of the input's size.
    ///
    /// Where the border of the letterbox does not end between two prototypes, they are resized two- or fourfold first, so
    /// that it does; both resizes are done as one.
    ///
    /// # Errors
    /// If an instance has another number of coefficients.
    pub fn native_masks(
        &self,
        instances: &[Coefficients<'_>],
        metadata: &PreProcessingMetadata,
    ) -> Result<Vec<Rle>> {
        let canvas = metadata.original_size;
        canvas.checked_pixels()?;
        let growth = growth(self.grid, canvas);
        let grown = Size::new(self.grid.width * growth, self.grid.height * growth);
        let (columns, lines) = native::taps(self.grid, grown, canvas);
        let one = |&(coefficients, xyxy): &Coefficients<'_>| {
            let (across, down) = within(metadata.box_to_original(xyxy), canvas);
            let place =
                Place { canvas, left: 0, top: 0, columns: across.clone(), rows: down.clone() };
            let map = self.map(coefficients, reach(&columns, &across), reach(&lines, &down))?;
            Ok(outline(&map, self.grid, columns.clone(), lines.clone(), 0.0, &place))
        };
        instances.par_iter().map(one).collect()
    }

    /// The sum of the prototypes in a part of the grid; zeros elsewhere.
    fn map(
        &self,
        coefficients: &[f32],
        columns: Range<usize>,
        rows: Range<usize>,
    ) -> Result<Vec<f32>> {
        if coefficients.len() != self.channels {
            let expected = format!("{} coefficients", self.channels);
            return Err(VisionError::shape("coefficients", &[coefficients.len()], &expected));
        }
        let width = self.grid.width;
        let mut values = vec![0.0; self.grid.pixels()];
        for y in rows {
            let row = self.values[y * width * self.channels..].chunks_exact(self.channels);
            let places = values[y * width..][..width].iter_mut().zip(row);
            for (out, prototypes) in places.skip(columns.start).take(columns.len()) {
                *out = lanes_dot(prototypes, coefficients);
            }
        }
        Ok(values)
    }
}

/// The columns and rows `x1 <= x < x2`, `y1 <= y < y2` of a grid.
fn within([x1, y1, x2, y2]: [f32; 4], grid: Size) -> (Range<usize>, Range<usize>) {
    let side = |from: f32, to: f32, most: usize| {
        let (from, to) = (from.max(0.0).ceil() as usize, to.max(0.0).ceil() as usize);
        from.min(most)..to.min(most).max(from.min(most))
    };
    (side(x1, x2, grid.width), side(y1, y2, grid.height))
}

/// The sources of some outputs.
fn reach(taps: &AxisTaps, outputs: &Range<usize>) -> Range<usize> {
    if outputs.is_empty() {
        return 0..0;
    }
    taps.window(outputs.start).0..taps.window(outputs.end - 1).0 + taps.taps()
}

/// How much the prototypes must grow so that the border of the letterbox ends between two of them.
fn growth(grid: Size, canvas: Size) -> usize {
    const STRIDE: usize = 4;
    let input = Size::new(grid.width * STRIDE, grid.height * STRIDE);
    let inner = native::inner(canvas, input);
    let pad = input.width.saturating_sub(inner.width) | input.height.saturating_sub(inner.height);
    match (pad | (pad / 2)) % STRIDE {
        0 => 1,
        2 => 2,
        _ => STRIDE,
    }
}

/// The dot product of equally long slices, in eight sums.
fn lanes_dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + dot(rest_a, rest_b)
}

#[cfg(test)]
mod tests;

//! From a network's per-pixel maps to maps of the original picture.

use rayon::prelude::*;

use super::best_class::Logits;
use super::grid::{Unpadded, unpad};
use super::native;
use crate::resize::{AxisTaps, apply, bilinear_plane};
use crate::{
    DepthMap, PreProcessingMetadata, Result, SemanticSegmentation, Size, StaticCropOffset,
    Thresholds, VisionError,
};

/// How a pixel's logits become a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// The classes share the pixel.
    Softmax,
    /// Each class was trained for itself.
    Sigmoid,
}

/// What the logits of a semantic segmentation mean.
#[derive(Debug, Clone, Copy)]
pub struct SemanticHead<'a> {
    /// The logits' width and height.
    pub grid: Size,
    /// Logits a pixel.
    pub channels: usize,
    /// How they become scores; a single logit is always a sigmoid.
    pub activation: Activation,
    /// The number of class names. One more than there are logits means that the background has
    /// none.
    pub classes: usize,
    /// The class of pixels under their threshold, and of those that the network did not see.
    pub background: usize,
    /// What a score must reach.
    pub thresholds: &'a Thresholds,
}

impl SemanticHead<'_> {
    /// The class of each logit.
    fn class_ids(&self) -> Result<Vec<u16>> {
        let fail = |reason: String| Err(VisionError::argument("classes", reason));
        if self.background >= self.classes || self.classes > usize::from(u16::MAX) {
            return fail(format!("background {} of {} classes", self.background, self.classes));
        }
        let without_background = self.channels + 1 == self.classes;
        if self.channels != self.classes && !without_background {
            return fail(format!("{} names for {} logits", self.classes, self.channels));
        }
        let shown = |&class: &usize| !without_background || class != self.background;
        Ok((0..self.classes).filter(shown).map(|class| class as u16).collect())
    }
}

/// Leads logits `[grid.height, grid.width, channels]` back to the picture and takes each pixel's
/// best class: cuts the border off, resizes bilinearly with antialias, compares, and puts the
/// result where the static crop was.
///
/// # Errors
/// If the logits have another length, the class names do not fit them, or the metadata leave
/// nothing of the map.
pub fn semantic_segmentation(
    logits: &[f32],
    head: &SemanticHead<'_>,
    metadata: &PreProcessingMetadata,
) -> Result<SemanticSegmentation> {
    let Unpadded { values, size } = unpad(logits, head.grid, head.channels, metadata)?;
    let inner = metadata.size_after_pre_processing;
    inner.checked_pixels()?;
    let columns = AxisTaps::new(size.width, inner.width, true);
    let lines = AxisTaps::new(size.height, inner.height, true);
    let part = metadata.static_crop_offset;
    let part = StaticCropOffset { size: inner, ..part };
    best_classes(&values, size.width, head, (&columns, &lines), part, metadata.original_size)
}

/// Leads logits back to the picture as Ultralytics does: to the network's input, without the border, to the picture,
/// bilinearly and without antialias.
///
/// # Errors
/// If the logits have another length, or the class names do not fit them.
pub fn native_semantic_segmentation(
    logits: &[f32],
    head: &SemanticHead<'_>,
    metadata: &PreProcessingMetadata,
) -> Result<SemanticSegmentation> {
    check_map(logits, head.grid, head.channels)?;
    let picture = metadata.original_size;
    picture.checked_pixels()?;
    let (columns, lines) = native::taps(head.grid, metadata.inference_size, picture);
    let part = StaticCropOffset { x: 0, y: 0, size: picture };
    best_classes(logits, head.grid.width, head, (&columns, &lines), part, picture)
}

/// The best class of each pixel of `part` of a canvas, from logits `[.., width, channels]` and the taps that lead to
/// `part`.
fn best_classes(
    values: &[f32],
    width: usize,
    head: &SemanticHead<'_>,
    (columns, lines): (&AxisTaps, &AxisTaps),
    part: StaticCropOffset,
    canvas: Size,
) -> Result<SemanticSegmentation> {
    let class_ids = head.class_ids()?;
    let logits = Logits::new(values, width, head.channels);
    let activation = if head.channels == 1 { Activation::Sigmoid } else { head.activation };
    let mut class_map = vec![head.background as u16; canvas.checked_pixels()?];
    let mut confidence = vec![0.0; class_map.len()];
    let rows = class_map.par_chunks_exact_mut(canvas.width);
    let rows = rows.zip(confidence.par_chunks_exact_mut(canvas.width));
    let rows = rows.skip(part.y).take(part.size.height).enumerate();
    rows.for_each_init(Vec::new, |row, (y, (classes, scores))| {
        logits.blend_rows(lines.window(y), row);
        let (classes, scores) = (&mut classes[part.x..], &mut scores[part.x..]);
        logits.judge_row(row, columns, activation, |x, best, value| {
            let id = class_ids[best];
            if value >= head.thresholds.of(usize::from(id)) {
                (classes[x], scores[x]) = (id, value);
            }
        });
    });
    Ok(SemanticSegmentation { image_size: canvas, class_map, confidence })
}

/// Leads a depth map `[grid.height, grid.width]` back to the picture; 0 outside a static crop.
///
/// # Errors
/// If the map has another length, or the metadata leave nothing of it.
pub fn depth_map(map: &[f32], grid: Size, metadata: &PreProcessingMetadata) -> Result<DepthMap> {
    let Unpadded { values, size } = unpad(map, grid, 1, metadata)?;
    let canvas = metadata.original_size;
    let part = metadata.static_crop_offset;
    let inner = metadata.size_after_pre_processing;
    let to = (inner.width, inner.height);
    let resized = bilinear_plane(&values, (size.width, size.height), to, true)?;
    let mut depth = vec![0.0; canvas.checked_pixels()?];
    let rows = depth.chunks_exact_mut(canvas.width).skip(part.y);
    for (out, row) in rows.zip(resized.chunks_exact(inner.width)) {
        out.iter_mut().skip(part.x).zip(row).for_each(|(out, &value)| *out = value);
    }
    Ok(DepthMap { image_size: canvas, depth })
}

/// Leads a depth map back to a picture that was stretched, as Ultralytics does: to the network's input, then to the
/// picture, bilinearly and corner on corner.
///
/// # Errors
/// If the map has another length, or the picture is too large.
pub fn native_depth_map(
    map: &[f32],
    grid: Size,
    metadata: &PreProcessingMetadata,
) -> Result<DepthMap> {
    check_map(map, grid, 1)?;
    let (input, picture) = (metadata.inference_size, metadata.original_size);
    picture.checked_pixels()?;
    input.checked_pixels()?;
    let axis = |from: usize, over: usize, to: usize| {
        AxisTaps::corner_aligned(over, to).after(&AxisTaps::corner_aligned(from, over), 0..over)
    };
    let columns = axis(grid.width, input.width, picture.width);
    let lines = axis(grid.height, input.height, picture.height);
    let depth = apply(map, grid.width, (&columns, &lines));
    Ok(DepthMap { image_size: picture, depth })
}

fn check_map(map: &[f32], grid: Size, channels: usize) -> Result<()> {
    if channels > 0 && grid.checked_pixels()?.checked_mul(channels) == Some(map.len()) {
        return Ok(());
    }
    let expected = format!("[{}, {}, {channels}]", grid.height, grid.width);
    Err(VisionError::shape("map", &[map.len()], &expected))
}

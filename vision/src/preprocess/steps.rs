//! The steps before the resize: static crop, gray, contrast.

use std::borrow::Cow;

use super::config::{ImagePreProcessing, StaticCrop};
use super::{StaticCropOffset, contrast};
use crate::{Image, PreProcessingOverrides, Result, Size};

impl ImagePreProcessing {
    /// Takes the enabled steps that are not overridden, in the package's order.
    ///
    /// # Errors
    /// If the static crop leaves no pixel of this picture.
    pub fn apply<'a>(
        &self,
        image: &'a Image,
        overrides: PreProcessingOverrides,
    ) -> Result<(Cow<'a, Image>, StaticCropOffset)> {
        let mut image = Cow::Borrowed(image);
        let mut part = StaticCropOffset { x: 0, y: 0, size: image.size() };
        let crop = self.static_crop.filter(|s| s.enabled && !overrides.disable_static_crop);
        if let Some(crop) = crop {
            part = crop.part_of(image.size());
            image = Cow::Owned(image.crop(part.x, part.y, part.size.width, part.size.height)?);
        }
        if self.grayscale.is_some_and(|s| s.enabled) && !overrides.disable_grayscale {
            grayscale(image.to_mut());
        }
        let contrast = self.contrast.filter(|s| s.enabled);
        if let Some(step) = contrast.filter(|_| !overrides.disable_contrast_enhancement) {
            contrast::apply(image.to_mut(), step.kind);
        }
        Ok((image, part))
    }
}

impl StaticCrop {
    /// The part of a picture of this size: edges in percent, cut down to whole pixels.
    pub fn part_of(&self, size: Size) -> StaticCropOffset {
        let edge = |percent: f64, side: usize| (percent / 100.0 * side as f64) as usize;
        let (x, y) = (edge(self.x_min, size.width), edge(self.y_min, size.height));
        let right = edge(self.x_max, size.width).min(size.width);
        let bottom = edge(self.y_max, size.height).min(size.height);
        let size = Size::new(right.saturating_sub(x), bottom.saturating_sub(y));
        StaticCropOffset { x, y, size }
    }
}

/// Replaces each pixel by its luma as OpenCV's `COLOR_RGB2GRAY` computes it, repeated.
pub fn grayscale(image: &mut Image) {
    const WEIGHTS: [u32; 3] = [9798, 19235, 3735];
    for pixel in image.pixels_mut().as_chunks_mut::<3>().0 {
        let sum: u32 = pixel.iter().zip(WEIGHTS).map(|(&v, w)| u32::from(v) * w).sum();
        *pixel = [((sum + (1 << 14)) >> 15) as u8; 3];
    }
}

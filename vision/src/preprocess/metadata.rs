use crate::{Size, boxes};

/// How a picture was fitted to the network's input, kept to lead its answers back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreProcessingMetadata {
    /// What was put around the fitted picture, in input pixels.
    pub padding: Padding,
    /// The picture as it came.
    pub original_size: Size,
    /// The picture after the static crop, before it was fitted.
    pub size_after_pre_processing: Size,
    /// The network's input.
    pub inference_size: Size,
    /// Input pixels a picture pixel, across.
    pub scale_width: f32,
    /// Input pixels a picture pixel, down.
    pub scale_height: f32,
    /// The part of the original that was kept.
    pub static_crop_offset: StaticCropOffset,
    /// The size between the two resizes of a two-step path; padding and scales refer to it.
    pub nonsquare_intermediate_size: Option<Size>,
}

/// Pixels added at each side; negative where pixels were cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Padding {
    pub left: isize,
    pub top: isize,
    pub right: isize,
    pub bottom: isize,
}

/// The part of the original picture that went into the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StaticCropOffset {
    /// The part's left edge in the original.
    pub x: usize,
    /// The part's top edge in the original.
    pub y: usize,
    /// The part's size.
    pub size: Size,
}

impl PreProcessingMetadata {
    /// A whole picture stretched to the input.
    pub fn stretched(original: Size, inference: Size) -> Self {
        Self::fitted(original, StaticCropOffset { x: 0, y: 0, size: original }, inference)
    }

    /// A part of a picture stretched to the input.
    pub fn fitted(original: Size, part: StaticCropOffset, inference: Size) -> Self {
        let scale = |to: usize, from: usize| (to as f64 / from.max(1) as f64) as f32;
        Self {
            padding: Padding::default(),
            original_size: original,
            size_after_pre_processing: part.size,
            inference_size: inference,
            scale_width: scale(inference.width, part.size.width),
            scale_height: scale(inference.height, part.size.height),
            static_crop_offset: part,
            nonsquare_intermediate_size: None,
        }
    }

    /// The size that normalised network coordinates refer to.
    pub fn denormalisation_size(&self) -> Size {
        self.nonsquare_intermediate_size.unwrap_or(self.inference_size)
    }

    /// A point in input pixels to original pixels, not clamped.
    pub fn point_to_original(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let crop = self.static_crop_offset;
        [
            (x - self.padding.left as f32) / self.scale_width + crop.x as f32,
            (y - self.padding.top as f32) / self.scale_height + crop.y as f32,
        ]
    }

    /// Corners in input pixels to original pixels, clamped to the picture.
    pub fn box_to_original(&self, [x0, y0, x1, y1]: [f32; 4]) -> [f32; 4] {
        let [x0, y0] = self.point_to_original([x0, y0]);
        let [x1, y1] = self.point_to_original([x1, y1]);
        boxes::clamp([x0, y0, x1, y1], self.original_size)
    }
}

use crate::{Confidence, MaskFormat, Size};

/// Options of all stages of `infer`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InferOptions {
    /// For the pictures' way in.
    pub pre_process: PreProcessOptions,
    /// For the answers' way out.
    pub post_process: PostProcessOptions,
}

/// How pictures are prepared; the default is the way of the model's package.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreProcessOptions {
    /// Another input size than the one of training, for models that can.
    pub image_size: Option<Size>,
    /// Steps of the package to leave out.
    pub overrides: PreProcessingOverrides,
}

/// Steps of a package's pre-processing to leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PreProcessingOverrides {
    /// Leave out the contrast step.
    pub disable_contrast_enhancement: bool,
    /// Leave out the gray step.
    pub disable_grayscale: bool,
    /// Leave out the static crop.
    pub disable_static_crop: bool,
}

/// How raw outputs are read; `None` means the model's own default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PostProcessOptions {
    /// Which scores are enough.
    pub confidence: Confidence,
    /// The most answers a picture; `Some(usize::MAX)` for no limit.
    pub max_detections: Option<usize>,
    /// Overlap above which the weaker of two boxes goes, for models that need suppression.
    pub iou_threshold: Option<f32>,
    /// Let boxes of different classes suppress each other.
    pub class_agnostic_nms: Option<bool>,
    /// How masks are wanted.
    pub mask_format: MaskFormat,
    /// The score below which a key point counts as not found.
    pub key_points_threshold: Option<f32>,
}

//! Images in, predictions out.
#![forbid(unsafe_code)]

pub mod boxes;
mod confidence;
mod error;
mod image;
mod masks;
mod postprocess;
mod predictions;
mod preprocess;
pub mod resize;
mod size;
mod tasks;
mod tensor;
mod top_k;

#[cfg(test)]
mod testing;

pub use self::image::{ColorOrder, DecodeOptions, Image, MAX_PIXELS, checked_pixels};
pub use confidence::{Confidence, RecommendedParameters, Thresholds};
pub use error::{Result, VisionError};
pub use masks::{BitMask, MaskFormat, Masks, Rle};
pub use postprocess::{
    Activation, KeyPointHeads, KeyPointSelection, SemanticHead, align_mask, align_masks, depth_map,
    detr, key_points, nms, semantic_segmentation,
};
pub use predictions::*;
pub use preprocess::{
    Fitted, Normalisation, Padding, PreProcessed, PreProcessingMetadata, PreProcessor, Resampler,
    StaticCropOffset, config, fit, grayscale,
};
pub use size::Size;
pub use tasks::*;
pub use tensor::{RawOutputs, Tensor};
pub use top_k::top_k;

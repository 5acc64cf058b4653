//! Images in, predictions out: everything around a vision network that is not the network.
//!
//! A picture ([`Image`]) is decoded once into RGB, brought to a network's input by a
//! [`PreProcessor`] (bit for bit as the library behind which the network was trained would have
//! done it, see [`resize`]), and the network's raw outputs are read by the helpers of [`detr`],
//! [`nms`], [`align_masks`], [`key_points`] and [`semantic_segmentation`] into predictions in
//! pixels of the original picture. Predictions are written as [`Report`]s or COCO results, and
//! drawn by [`draw`].
//!
//! Models offer all this behind the task traits, such as [`ObjectDetectionModel`]. This crate
//! knows no graphs and no weights.
#![forbid(unsafe_code)]

pub mod boxes;
mod confidence;
pub mod draw;
mod error;
mod image;
mod jpeg;
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
#[path = "../../tests/common/shared.rs"]
mod lent;
#[cfg(test)]
mod testing;

pub use self::image::{ColorOrder, DecodeOptions, Image, MAX_PIXELS, checked_pixels};
pub use confidence::{Confidence, RecommendedParameters, Thresholds};
pub use error::{Result, VisionError};
pub use masks::{BitMask, MaskFormat, Masks, Rle};
pub use postprocess::{
    Activation, Candidate, Coefficients, Interpolation, KeyPointHeads, KeyPointSelection,
    MaskValues, Objectness, Prototypes, RowLayout, SemanticHead, Suppression, align_mask,
    align_masks, depth_map, detr, key_points, native_depth_map, native_semantic_segmentation, nms,
    semantic_segmentation, stretched_depth_map, suppress_oriented,
};
pub use predictions::*;
pub use preprocess::{
    Fitted, KeyPointsMetadata, Letterbox, Normalisation, OddMargin, Padding, PreProcessed,
    PreProcessingMetadata, PreProcessor, Resampler, StaticCropOffset, config, fit, grayscale,
    resize_crop, shortest_edge, shortest_edge_crop,
};
pub use size::Size;
pub use tasks::*;
pub use tensor::{RawOutputs, Tensor};
pub use top_k::top_k;

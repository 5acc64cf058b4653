//! From pictures to a network's input.

pub mod config;
mod contrast;
mod fit;
mod key_points_metadata;
mod letterbox;
mod metadata;
mod normalise;
mod pipeline;
mod shortest_edge;
mod steps;

pub use fit::{Fitted, fit};
pub use key_points_metadata::KeyPointsMetadata;
pub use letterbox::Letterbox;
pub use metadata::{Padding, PreProcessingMetadata, StaticCropOffset};
pub use normalise::Normalisation;
pub use pipeline::{PreProcessor, Resampler};
pub use shortest_edge::{OddMargin, resize_crop, shortest_edge, shortest_edge_crop};
pub use steps::grayscale;

use crate::Tensor;

/// Pictures made ready for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct PreProcessed {
    /// The input, `[n, h, w, 3]`.
    pub input: Tensor,
    /// What leads back to each picture.
    pub metadata: Vec<PreProcessingMetadata>,
}

#[cfg(test)]
mod tests;

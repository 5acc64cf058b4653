//! From pictures to a network's input.

mod metadata;

pub use metadata::{Padding, PreProcessingMetadata, StaticCropOffset};

use crate::Tensor;

/// Pictures made ready for a network.
#[derive(Debug, Clone, PartialEq)]
pub struct PreProcessed {
    /// The input, `[n, h, w, 3]`.
    pub input: Tensor,
    /// What leads back to each picture.
    pub metadata: Vec<PreProcessingMetadata>,
}

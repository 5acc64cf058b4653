//! From raw outputs to predictions: the parts that no architecture owns.

mod dense;
pub mod detr;
mod grid;
mod key_points;
mod masks;
mod nms;

pub use dense::{Activation, SemanticHead, depth_map, semantic_segmentation};
pub use key_points::{KeyPointHeads, KeyPointSelection, key_points};
pub use masks::{align_mask, align_masks};
pub use nms::nms;

#[cfg(test)]
mod tests;

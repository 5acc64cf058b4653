//! From raw outputs to predictions: the parts that no architecture owns.

mod best_class;
mod dense;
pub mod detr;
mod grid;
mod key_points;
mod masks;
mod native;
mod nms;
mod oriented;
mod prototypes;
mod rows;

pub use dense::{
    Activation, SemanticHead, depth_map, native_depth_map, native_semantic_segmentation,
    semantic_segmentation,
};
pub use key_points::{KeyPointHeads, KeyPointSelection, key_points};
pub use masks::{align_mask, align_masks};
pub use nms::nms;
pub use oriented::suppress_oriented;
pub use prototypes::{Coefficients, MaskValues, Prototypes};
pub use rows::{Candidate, Objectness, RowLayout, Suppression};

#[cfg(test)]
mod tests;

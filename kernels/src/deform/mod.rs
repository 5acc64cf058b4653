//! Multi-scale deformable attention: each query looks at a few points of a few feature maps.
//!
//! Per query and head the points become at most four weighted rows each, then all of them are blended with the channels of
//! the head side by side. The formula is that of Deformable DETR: bilinear, zero outside, pixel = position size - 0.5.

mod fused;
mod run;
#[cfg(test)]
mod tests;

pub use fused::{FusedInputs, Reference, deformable_attention_fused};
pub use run::deformable_attention;

/// Points that a head may look at for one query.
pub const MAX_POINTS: usize = 128;

/// One feature map, and how many points each head looks at in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Height.
    pub h: usize,
    /// Width.
    pub w: usize,
    /// Points per query and head.
    pub points: usize,
}

/// The extents of a deformable attention.
#[derive(Clone, Copy, Debug)]
pub struct Deformable<'a> {
    /// Batch.
    pub n: usize,
    /// Queries per batch element.
    pub queries: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a head.
    pub dim: usize,
    /// The feature maps, in the order of their rows.
    pub levels: &'a [Level],
}

impl Deformable<'_> {
    /// Rows of all feature maps together.
    pub fn rows(&self) -> usize {
        self.levels.iter().map(|level| level.h * level.w).sum()
    }

    /// Points that a head looks at for one query.
    pub fn points(&self) -> usize {
        self.levels.iter().map(|level| level.points).sum()
    }
}

//! Normalisation of rows and of channels.
//!
//! A row is read from memory once: sums, squares about the mean and the result are three loops over the first-level
//! cache. Means and variances come of two passes, so that large means cost no digits.

mod affine;
mod group;
mod layer;
mod scale_shift;
#[cfg(test)]
mod tests;

pub use group::{GroupNorm, group_norm};
pub use layer::{LayerNorm, l2_normalize, layer_norm, rms_norm};
pub use scale_shift::scale_shift;

//! Matrix products with packed weights, and the indirect product that convolutions share.
//!
//! The right-hand side is packed once into panels as wide as a register tile; the left-hand side is read where it lies,
//! through one pointer per row and tap. Bias, activation and residual are applied to the tile before it is stored.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
pub(crate) mod epilogue;
pub(crate) mod fetch;
pub(crate) mod indirect;
pub(crate) mod pack;
pub(crate) mod panels;
pub(crate) mod pieces;
pub(crate) mod rounded;
pub(crate) mod row;
pub(crate) mod rows;
pub(crate) mod source;
pub(crate) mod thirds;
pub(crate) mod tile;
pub(crate) mod tiling;

#[cfg(test)]
mod tests;

pub(crate) use epilogue::Finish;
pub use epilogue::{Epilogue, Residual};
pub use panels::PackedMatrix;
pub use rows::{linear, row_stride};
#[cfg(test)]
pub(crate) use tests::RandomEpilogue;

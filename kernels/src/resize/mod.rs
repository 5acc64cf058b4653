//! Pictures to another size, as PyTorch's `interpolate` does it.
//!
//! Every mode is separable: output rows and columns are weighted sums of a few input rows and columns, and which ones is
//! known as soon as the sizes are. A [`ResizePlan`] holds these tables. A run blends whole input rows into one row of
//! scratch and then pixels of that row, with all channels of a pixel side by side.

mod axis;
mod plan;
mod run;
#[cfg(test)]
mod tests;

pub use plan::{Interpolation, Resize, ResizeError, ResizePlan};
pub(crate) use run::lines;
pub use run::resize;

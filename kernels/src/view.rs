//! Where activations lie: rows and channels-last images, with a distance between rows that may exceed their width.
//!
//! What lies between the rows belongs to others, who may write there meanwhile: no slice is ever made across it.

mod grid;
mod image;
#[cfg(test)]
mod pairs_tests;
mod rows;
#[cfg(test)]
mod tests;

pub use image::{Image, ImageMut};
pub use rows::{Rows, RowsMut};

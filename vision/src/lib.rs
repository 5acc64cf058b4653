//! Images in, predictions out.
#![forbid(unsafe_code)]

mod error;
mod image;
pub mod resize;

#[cfg(test)]
mod testing;

pub use self::image::{ColorOrder, DecodeOptions, Image, MAX_PIXELS, checked_pixels};
pub use error::{Result, VisionError};

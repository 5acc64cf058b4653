//! Images in, predictions out.
#![forbid(unsafe_code)]

mod error;
mod image;
mod masks;
pub mod resize;
mod size;

#[cfg(test)]
mod testing;

pub use self::image::{ColorOrder, DecodeOptions, Image, MAX_PIXELS, checked_pixels};
pub use error::{Result, VisionError};
pub use masks::{BitMask, MaskFormat, Masks, Rle};
pub use size::Size;

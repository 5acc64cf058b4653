use super::Filter;
use super::pillow::{Precision, resample};
use crate::{Image, Result};

/// Resizes as `PyTorch`'s antialiased `interpolate` does with bytes, byte for byte where the processor has AVX2:
/// torchvision's `resize` of a byte tensor. Pillow's arithmetic with fewer bits a weight.
///
/// # Errors
/// If the size is empty or too large.
pub fn torch_bytes(image: &Image, width: usize, height: usize, filter: Filter) -> Result<Image> {
    let from = (image.width(), image.height());
    let pixels = resample::<3>(image.pixels(), from, (width, height), filter, Precision::Sixteen)?;
    Ok(Image::trusted(width, height, pixels))
}

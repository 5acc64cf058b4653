use crate::{Result, VisionError};

/// The most pixels a picture may have: 2^28, a square of 16 384.
pub const MAX_PIXELS: usize = 1 << 28;

/// The pixel count of a size, checked to be between 1 and [`MAX_PIXELS`].
///
/// # Errors
/// If a side is zero or the count is over the limit.
pub fn checked_pixels(width: usize, height: usize) -> Result<usize> {
    if width == 0 || height == 0 {
        return Err(VisionError::Empty { width, height });
    }
    match width.checked_mul(height) {
        Some(count) if count <= MAX_PIXELS => Ok(count),
        _ => Err(VisionError::TooLarge { width, height, limit: MAX_PIXELS }),
    }
}

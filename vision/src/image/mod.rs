//! The picture type: 8-bit RGB, rows top to bottom, owned.

mod decode;
mod encode;
mod jpeg;
mod limits;

pub use decode::DecodeOptions;
pub(crate) use encode::save_gray16;
pub use limits::{MAX_PIXELS, checked_pixels};

use crate::{Result, Size, VisionError};

/// The order of the three colour bytes of a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorOrder {
    /// Red first: image files, the browser, Pillow, tensors.
    #[default]
    Rgb,
    /// Blue first: what OpenCV reads and shows.
    Bgr,
}

/// An owned picture of `height * width` RGB pixels, one byte a channel.
///
/// Whatever the source's order was, the pixels inside are RGB: the order is named once, where the
/// picture is made, and is never guessed afterwards. A picture has at least one pixel and at most
/// [`MAX_PIXELS`].
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Image {
    /// Takes interleaved colour bytes `[height, width, 3]`.
    ///
    /// # Errors
    /// If a side is zero, the picture too large, or the length is not `height * width * 3`.
    pub fn from_raw(
        width: usize,
        height: usize,
        mut pixels: Vec<u8>,
        order: ColorOrder,
    ) -> Result<Self> {
        check_length(width, height, 3, pixels.len())?;
        if order == ColorOrder::Bgr {
            pixels.as_chunks_mut::<3>().0.iter_mut().for_each(|p| p.swap(0, 2));
        }
        Ok(Self { width, height, pixels })
    }

    /// Takes gray bytes `[height, width]` and repeats each as red, green and blue.
    ///
    /// # Errors
    /// As [`Image::from_raw`], for one byte a pixel.
    pub fn from_gray(width: usize, height: usize, gray: &[u8]) -> Result<Self> {
        check_length(width, height, 1, gray.len())?;
        let pixels = gray.iter().flat_map(|&v| [v; 3]).collect();
        Ok(Self { width, height, pixels })
    }

    /// A picture of one colour.
    ///
    /// # Errors
    /// If a side is zero or the picture too large.
    pub fn filled(width: usize, height: usize, rgb: [u8; 3]) -> Result<Self> {
        let count = checked_pixels(width, height)?;
        Ok(Self { width, height, pixels: rgb.repeat(count) })
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// The bytes `[height, width, 3]`, RGB.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The bytes `[height, width, 3]`, RGB, to be written to.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// Gives the bytes away: `[height, width, 3]`, RGB.
    pub fn into_raw(self) -> Vec<u8> {
        self.pixels
    }

    /// The pixel at column `x` and row `y`, or `None` outside.
    pub fn pixel(&self, x: usize, y: usize) -> Option<[u8; 3]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = (y * self.width + x) * 3;
        Some([self.pixels[at], self.pixels[at + 1], self.pixels[at + 2]])
    }

    /// The part `left..left + width`, `top..top + height`.
    ///
    /// # Errors
    /// If the part is empty or reaches outside.
    pub fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Result<Self> {
        checked_pixels(width, height)?;
        let fits = |start: usize, len: usize, side: usize| {
            start.checked_add(len).is_some_and(|end| end <= side)
        };
        if !fits(left, width, self.width) || !fits(top, height, self.height) {
            let reason = format!(
                "{width}x{height} at ({left}, {top}) reaches outside a {}x{} picture",
                self.width, self.height
            );
            return Err(VisionError::argument("crop", reason));
        }
        let rows = self.pixels.chunks_exact(self.width * 3).skip(top).take(height);
        let pixels = rows.flat_map(|row| &row[left * 3..(left + width) * 3]).copied().collect();
        Ok(Self { width, height, pixels })
    }

    /// Crate-internal constructor for buffers whose length is right by construction.
    pub(crate) fn trusted(width: usize, height: usize, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(pixels.len(), width * height * 3);
        Self { width, height, pixels }
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({}x{})", self.width, self.height)
    }
}

fn check_length(width: usize, height: usize, channels: usize, found: usize) -> Result<()> {
    let expected = checked_pixels(width, height)? * channels;
    if found == expected {
        return Ok(());
    }
    Err(VisionError::WrongLength { width, height, channels, expected, found })
}

#[cfg(test)]
mod tests;

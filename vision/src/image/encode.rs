use std::io::Cursor;
use std::path::Path;

use image::{ExtendedColorType, ImageFormat};

use super::Image;
use crate::{Result, Size, VisionError};

impl Image {
    /// Writes the picture to a file, in the format that the file's extension names.
    ///
    /// # Errors
    /// If the extension names no format that can be written, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let format = ImageFormat::from_path(path).map_err(|error| encode_error(path, &error))?;
        let bytes = self.encode(format).map_err(|error| encode_error(path, &error))?;
        std::fs::write(path, bytes).map_err(|cause| VisionError::Io { path: path.into(), cause })
    }

    /// The picture as the bytes of a PNG file.
    ///
    /// # Errors
    /// If the encoder fails, which it does only for want of memory.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        self.encode(ImageFormat::Png).map_err(|error| encode_error(Path::new("PNG"), &error))
    }

    fn encode(&self, format: ImageFormat) -> Result<Vec<u8>, image::ImageError> {
        let mut bytes = Cursor::new(Vec::new());
        let (width, height) = (self.width as u32, self.height as u32);
        let color = ExtendedColorType::Rgb8;
        image::write_buffer_with_format(&mut bytes, &self.pixels, width, height, color, format)?;
        Ok(bytes.into_inner())
    }
}

/// Writes 16-bit grays `[height, width]` as a PNG.
pub(crate) fn save_gray16(path: &Path, size: Size, grays: &[u16]) -> Result<()> {
    let pixels = size.checked_pixels()?;
    if grays.len() != pixels {
        return Err(VisionError::shape(
            "gray picture",
            &[grays.len()],
            &format!("{pixels} values"),
        ));
    }
    let bytes: Vec<u8> = grays.iter().flat_map(|gray| gray.to_ne_bytes()).collect();
    let (width, height) = (size.width as u32, size.height as u32);
    let (color, format) = (ExtendedColorType::L16, ImageFormat::Png);
    let mut file = Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut file, &bytes, width, height, color, format)
        .map_err(|error| encode_error(path, &error))?;
    std::fs::write(path, file.into_inner())
        .map_err(|cause| VisionError::Io { path: path.into(), cause })
}

fn encode_error(path: &Path, error: &image::ImageError) -> VisionError {
    VisionError::Encode { path: path.into(), reason: error.to_string() }
}

//! From the bytes of an image file to RGB pixels.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::{Image, MAX_PIXELS, checked_pixels, jpeg};
use crate::{Result, VisionError};

/// How an image file is decoded.
#[derive(Debug, Clone)]
pub struct DecodeOptions {
    /// Turn the picture upright as its EXIF orientation says. Off by default: the models'
    /// original code does not do it either, and boxes would refer to the turned picture.
    pub exif_orientation: bool,
    /// Refuse pictures of more pixels, before any is decoded.
    pub max_pixels: usize,
    /// The most bytes the decoder may allocate.
    pub max_bytes: u64,
}

impl Default for DecodeOptions {
    /// No turning, 178 956 970 pixels (the count at which Pillow refuses), 1 GiB.
    fn default() -> Self {
        Self { exif_orientation: false, max_pixels: 178_956_970, max_bytes: 1 << 30 }
    }
}

impl Image {
    /// Reads a PNG, JPEG, WebP, BMP, GIF (first frame), TIFF or PNM file.
    ///
    /// # Errors
    /// If the file cannot be read, is no such picture, or is over the default limits.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &DecodeOptions::default())
    }

    /// [`Image::open`] with options.
    ///
    /// # Errors
    /// As [`Image::open`].
    pub fn open_with(path: impl AsRef<Path>, options: &DecodeOptions) -> Result<Self> {
        let path = path.as_ref();
        let bytes =
            std::fs::read(path).map_err(|source| VisionError::Io { path: path.into(), source })?;
        decode(&bytes, options, &path.display().to_string())
    }

    /// Decodes the bytes of an image file.
    ///
    /// Colour becomes RGB as Pillow's `convert("RGB")` makes it: alpha is dropped, gray is
    /// repeated, a palette is looked up, and 16-bit colour keeps the high byte. 16-bit *gray*
    /// keeps the high byte too (as OpenCV does), where Pillow saturates nearly all of it to
    /// white. Floating point samples in 0..=1 are scaled to 0..=255.
    ///
    /// # Errors
    /// If the bytes are no supported picture, a damaged one, or one over the limits.
    pub fn decode(bytes: &[u8], options: &DecodeOptions) -> Result<Self> {
        decode(bytes, options, "bytes in memory")
    }
}

fn decode(bytes: &[u8], options: &DecodeOptions, origin: &str) -> Result<Image> {
    let bad = |error: image::ImageError| VisionError::Decode {
        origin: origin.to_owned(),
        reason: error.to_string(),
    };
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| bad(image::ImageError::IoError(error)))?;
    if reader.format() == Some(ImageFormat::Jpeg) && !jpeg::is_complete(bytes) {
        let reason = "the file ends before the picture does; fetch it again".to_owned();
        return Err(VisionError::Decode { origin: origin.to_owned(), reason });
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(options.max_bytes);
    reader.limits(limits);

    let mut decoder = reader.into_decoder().map_err(bad)?;
    check_size(decoder.dimensions(), options)?;
    let orientation = if options.exif_orientation {
        decoder.orientation().map_err(bad)?
    } else {
        Orientation::NoTransforms
    };
    let mut picture = DynamicImage::from_decoder(decoder).map_err(bad)?;
    picture.apply_orientation(orientation);

    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Ok(Image::trusted(width, height, rgb8(picture)))
}

fn check_size((width, height): (u32, u32), options: &DecodeOptions) -> Result<()> {
    let (width, height) = (width as usize, height as usize);
    let limit = options.max_pixels.min(MAX_PIXELS);
    match checked_pixels(width, height) {
        Ok(count) if count > limit => Err(VisionError::TooLarge { width, height, limit }),
        other => other.map(|_| ()),
    }
}

fn rgb8(picture: DynamicImage) -> Vec<u8> {
    fn high(v: u16) -> u8 {
        (v >> 8) as u8
    }
    fn gray(v: u8) -> [u8; 3] {
        [v; 3]
    }
    match picture {
        DynamicImage::ImageRgb8(p) => p.into_raw(),
        DynamicImage::ImageLuma8(p) => p.into_raw().into_iter().flat_map(gray).collect(),
        DynamicImage::ImageLumaA8(p) => p.pixels().flat_map(|p| gray(p.0[0])).collect(),
        DynamicImage::ImageRgba8(p) => p.pixels().flat_map(|p| [p.0[0], p.0[1], p.0[2]]).collect(),
        DynamicImage::ImageLuma16(p) => p.pixels().flat_map(|p| gray(high(p.0[0]))).collect(),
        DynamicImage::ImageLumaA16(p) => p.pixels().flat_map(|p| gray(high(p.0[0]))).collect(),
        DynamicImage::ImageRgb16(p) => p.into_raw().into_iter().map(high).collect(),
        DynamicImage::ImageRgba16(p) => {
            p.pixels().flat_map(|p| [high(p.0[0]), high(p.0[1]), high(p.0[2])]).collect()
        }
        other => other.into_rgb8().into_raw(),
    }
}

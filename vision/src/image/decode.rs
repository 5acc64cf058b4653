//! From the bytes of an image file to RGB pixels.

use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::jpeg::is_complete;
use super::{Image, MAX_PIXELS, checked_pixels};
use crate::jpeg::{Decoder, JpegError};
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
            std::fs::read(path).map_err(|cause| VisionError::Io { path: path.into(), cause })?;
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
    let bad = |error: image::ImageError| undecodable(origin, error.to_string());
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| bad(image::ImageError::IoError(error)))?;
    if reader.format() == Some(ImageFormat::Jpeg)
        && let Some(image) = decode_jpeg(bytes, options, origin)?
    {
        return Ok(image);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(options.max_bytes);
    reader.limits(limits);

    let mut decoder = reader.into_decoder().map_err(bad)?;
    let (width, height) = decoder.dimensions();
    check_size((width as usize, height as usize), options)?;
    let orientation = if options.exif_orientation {
        decoder.orientation().map_err(bad)?
    } else {
        Orientation::NoTransforms
    };
    let picture = DynamicImage::from_decoder(decoder).map_err(bad)?;
    Ok(upright(picture, orientation))
}

/// Decodes a JPEG file, or returns `None` for the kinds that are left to the general decoder.
fn decode_jpeg(bytes: &[u8], options: &DecodeOptions, origin: &str) -> Result<Option<Image>> {
    if !is_complete(bytes) {
        let reason = "the file ends before the picture does; fetch it again".to_owned();
        return Err(undecodable(origin, reason));
    }
    let bad = |error: JpegError| undecodable(origin, error.to_string());
    let decoder = match Decoder::new(bytes) {
        Err(JpegError::Unsupported(_)) => return Ok(None),
        other => other.map_err(bad)?,
    };
    let (width, height) = decoder.size();
    check_size((width, height), options)?;
    if decoder.memory() > options.max_bytes {
        let reason = format!(
            "it takes {} bytes, over the limit of {}; raise it if you trust the source",
            decoder.memory(),
            options.max_bytes
        );
        return Err(undecodable(origin, reason));
    }
    let orientation = decoder.exif().filter(|_| options.exif_orientation);
    let orientation = orientation.and_then(Orientation::from_exif_chunk);
    let pixels = decoder.decode().map_err(bad)?;
    let Some(orientation) = orientation else {
        return Ok(Some(Image::trusted(width, height, pixels)));
    };
    let picture = RgbImage::from_raw(width as u32, height as u32, pixels);
    Ok(picture.map(|picture| upright(DynamicImage::ImageRgb8(picture), orientation)))
}

fn undecodable(origin: &str, reason: String) -> VisionError {
    VisionError::Decode { origin: origin.to_owned(), reason }
}

fn upright(mut picture: DynamicImage, orientation: Orientation) -> Image {
    picture.apply_orientation(orientation);
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    Image::trusted(width, height, rgb8(picture))
}

fn check_size((width, height): (usize, usize), options: &DecodeOptions) -> Result<()> {
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

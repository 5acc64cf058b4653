//! Pictures brought to one input by a trainer's own rules.

use ocelli_vision::resize::AxisTaps;
use ocelli_vision::{
    Fitted, Image, Normalisation, PreProcessed, PreProcessingMetadata, Result, Size, Tensor,
    VisionError,
};

/// Fits pictures with `fit`, which must bring all to one size, and writes their numbers.
///
/// # Errors
/// There is no picture, one cannot be fitted, or the sizes differ.
pub(crate) fn batch(
    images: &[Image],
    normalisation: &Normalisation,
    fit: impl Fn(&Image) -> Result<Fitted>,
) -> Result<PreProcessed> {
    let fitted = images.iter().map(fit).collect::<Result<Vec<_>>>()?;
    let bad = |reason: String| VisionError::BadArgument { name: "images", reason };
    let first = fitted.first().ok_or_else(|| bad("is empty".to_owned()))?;
    let size = first.image.size();
    if let Some(other) = fitted.iter().find(|fitted| fitted.image.size() != size) {
        return Err(bad(format!("some become {size}, others {}", other.image.size())));
    }
    let length = size.checked_pixels()? * 3;
    let mut data = vec![0.0; length * images.len()];
    let mut metadata = Vec::with_capacity(images.len());
    for ((image, fitted), out) in images.iter().zip(&fitted).zip(data.chunks_exact_mut(length)) {
        normalisation.write(&fitted.image, out);
        let mut one = PreProcessingMetadata::stretched(image.size(), size);
        one.padding = fitted.padding;
        (one.scale_width, one.scale_height) = fitted.scale;
        metadata.push(one);
    }
    let input = Tensor::new(vec![images.len(), size.height, size.width, 3], data)?;
    Ok(PreProcessed { input, metadata })
}

/// Stretches pictures to `size` in floats, two pixels by two and without antialias: `scaled` is what becomes of a byte
/// before, `normalised` what becomes of a channel's number after.
///
/// # Errors
/// There is no picture, or the size is empty or too large.
pub(crate) fn stretched(
    images: &[Image],
    size: Size,
    scaled: impl Fn(u8) -> f32 + Copy,
    normalised: impl Fn(usize, f32) -> f32 + Copy,
) -> Result<PreProcessed> {
    resampled(images, size, |from, to| AxisTaps::new(from, to, false), scaled, normalised)
}

/// The same with the neighbours that `taps` names for an axis of so many pixels and so many places.
pub(crate) fn resampled(
    images: &[Image],
    size: Size,
    taps: impl Fn(usize, usize) -> AxisTaps,
    scaled: impl Fn(u8) -> f32 + Copy,
    normalised: impl Fn(usize, f32) -> f32 + Copy,
) -> Result<PreProcessed> {
    if images.is_empty() {
        return Err(VisionError::BadArgument { name: "images", reason: "is empty".to_owned() });
    }
    let length = size.checked_pixels()? * 3;
    let mut data = vec![0.0; length * images.len()];
    let mut metadata = Vec::with_capacity(images.len());
    for (image, out) in images.iter().zip(data.chunks_exact_mut(length)) {
        let axes = (taps(image.width(), size.width), taps(image.height(), size.height));
        write(image, axes, out, scaled, normalised);
        metadata.push(PreProcessingMetadata::stretched(image.size(), size));
    }
    let input = Tensor::new(vec![images.len(), size.height, size.width, 3], data)?;
    Ok(PreProcessed { input, metadata })
}

/// One picture to `[height, width, 3]`.
fn write(
    image: &Image,
    (columns, lines): (AxisTaps, AxisTaps),
    out: &mut [f32],
    scaled: impl Fn(u8) -> f32,
    normalised: impl Fn(usize, f32) -> f32,
) {
    let pixels = image.pixels().as_chunks::<3>().0;
    for (y, row) in out.chunks_exact_mut(columns.len() * 3).enumerate() {
        let (top, down) = lines.window(y);
        for (x, out) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (left, across) = columns.window(x);
            *out = std::array::from_fn(|c| {
                let line = |y: usize| {
                    let line = &pixels[(top + y) * image.width() + left..];
                    line.iter().zip(across).map(|(p, w)| scaled(p[c]) * w).sum::<f32>()
                };
                normalised(c, down.iter().enumerate().map(|(y, w)| line(y) * w).sum())
            });
        }
    }
}

//! Pictures fitted by a trainer's own rules, as one input.

use ocelli_vision::{
    Fitted, Image, Normalisation, PreProcessed, PreProcessingMetadata, Result, Tensor, VisionError,
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

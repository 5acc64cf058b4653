use rayon::prelude::*;

use super::config::{DynamicSize, ImagePreProcessing, InferenceConfig, NetworkInput, ResizeMode};
use super::{Fitted, Normalisation, PreProcessed, PreProcessingMetadata, fit};
use crate::resize::{Filter, pillow};
use crate::{Image, PreProcessOptions, Result, Size, Tensor, VisionError};

/// Whose resize brings a picture to the network's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resampler {
    /// OpenCV's, in the package's resize mode, channels in the package's order.
    OpenCv,
    /// Pillow's antialiased bilinear, always stretching, channels in RGB: RF-DETR's way. If the
    /// package's resize mode is another one and it says at which size its training pictures were
    /// stored, the picture is first fitted to that size as [`Resampler::OpenCv`] would do it.
    Pillow,
}

/// A package's way from pictures to a network's input.
#[derive(Debug, Clone)]
pub struct PreProcessor {
    steps: ImagePreProcessing,
    input: NetworkInput,
    resampler: Resampler,
    normalisation: Normalisation,
}

impl PreProcessor {
    /// The way that a package describes.
    ///
    /// # Errors
    /// If the description is out of range.
    pub fn new(config: &InferenceConfig, resampler: Resampler) -> Result<Self> {
        let steps = config.image_pre_processing.clone();
        Self::from_parts(steps, config.network_input.clone(), resampler)
    }

    /// The way of the given steps to the given input.
    ///
    /// # Errors
    /// If a value is out of range.
    pub fn from_parts(
        steps: ImagePreProcessing,
        input: NetworkInput,
        resampler: Resampler,
    ) -> Result<Self> {
        steps.check()?;
        input.check()?;
        let normalisation = match resampler {
            Resampler::OpenCv => Normalisation::of_package(&input),
            Resampler::Pillow => Normalisation::of_tensor(&input),
        };
        Ok(Self { steps, input, resampler, normalisation })
    }

    /// What the network expects.
    pub fn input(&self) -> &NetworkInput {
        &self.input
    }

    /// The size pictures are brought to; `None` if each keeps its own.
    ///
    /// # Errors
    /// If the options ask for a size that the network does not take.
    pub fn target_size(&self, options: &PreProcessOptions) -> Result<Option<Size>> {
        let trained = self.input.training_input_size;
        let Some(asked) = options.image_size.filter(|&asked| Some(asked) != trained) else {
            return Ok(trained);
        };
        asked.checked_pixels()?;
        match self.input.dynamic_spatial_size_mode {
            Some(mode) if self.input.dynamic_spatial_size_supported => Ok(Some(match mode {
                DynamicSize::AnySize => asked,
                DynamicSize::PadToBeDivisible { value } => Size::new(
                    asked.width.next_multiple_of(value),
                    asked.height.next_multiple_of(value),
                ),
            })),
            _ => {
                let only = trained.map_or_else(String::new, |size| format!(" but {size}"));
                let reason = format!("{asked} was asked for, this model takes no size{only}");
                Err(VisionError::argument("image_size", reason))
            }
        }
    }

    /// Pictures, of one size or several, to one batch.
    ///
    /// # Errors
    /// If there is no picture, a static crop leaves nothing of one, the options ask for a size
    /// that the network does not take, or the pictures end up with different sizes.
    pub fn run(&self, images: &[Image], options: &PreProcessOptions) -> Result<PreProcessed> {
        let fitted: Vec<_> =
            images.par_iter().map(|image| self.fit(image, options)).collect::<Result<_>>()?;
        let Some((first, _)) = fitted.first() else {
            return Err(VisionError::argument("images", "is empty"));
        };
        let size = first.size();
        if let Some((other, _)) = fitted.iter().find(|(image, _)| image.size() != size) {
            let reason = format!(
                "{size} and {} cannot share a batch: this model's input follows the picture, \
                 so pass pictures of one shape at a time",
                other.size()
            );
            return Err(VisionError::argument("images", reason));
        }
        let len = size.pixels() * 3;
        let mut data = vec![0.0; len * fitted.len()];
        data.par_chunks_exact_mut(len)
            .zip(&fitted)
            .for_each(|(out, (image, _))| self.normalisation.write(image, out));
        let shape = vec![fitted.len(), size.height, size.width, 3];
        let metadata = fitted.into_iter().map(|(_, metadata)| metadata).collect();
        Ok(PreProcessed { input: Tensor::new(shape, data)?, metadata })
    }

    /// One picture into a caller's buffer, `[height, width, 3]` of the target size.
    ///
    /// # Errors
    /// As [`PreProcessor::run`], or if the buffer has another length.
    pub fn run_into(
        &self,
        image: &Image,
        options: &PreProcessOptions,
        out: &mut [f32],
    ) -> Result<PreProcessingMetadata> {
        let (image, metadata) = self.fit(image, options)?;
        if out.len() != image.pixels().len() {
            let expected = format!("[{}, {}, 3]", image.height(), image.width());
            return Err(VisionError::shape("out", &[out.len()], &expected));
        }
        self.normalisation.write(&image, out);
        Ok(metadata)
    }

    /// A picture at the network's size, still in bytes.
    fn fit(
        &self,
        image: &Image,
        options: &PreProcessOptions,
    ) -> Result<(Image, PreProcessingMetadata)> {
        let original = image.size();
        let (image, part) = self.steps.apply(image, options.overrides)?;
        let target = self.target_size(options)?.unwrap_or(part.size);
        let mut metadata = PreProcessingMetadata::fitted(original, part, target);
        let mode = self.input.resize_mode;
        let border = self.input.padding_value.unwrap_or(0);

        let first = match self.resampler {
            Resampler::OpenCv => Some(target),
            Resampler::Pillow => {
                self.input.dataset_version_resize_dimensions.filter(|_| mode != ResizeMode::Stretch)
            }
        };
        let Some(first) = first else {
            return Ok((pillow(&image, target.width, target.height, Filter::Bilinear)?, metadata));
        };
        let Fitted { image, padding, scale } = fit(&image, mode, first, border)?;
        metadata.padding = padding;
        (metadata.scale_width, metadata.scale_height) = scale;
        if self.resampler == Resampler::OpenCv {
            metadata.inference_size = image.size();
            return Ok((image, metadata));
        }
        metadata.nonsquare_intermediate_size = Some(image.size());
        Ok((pillow(&image, target.width, target.height, Filter::Bilinear)?, metadata))
    }
}

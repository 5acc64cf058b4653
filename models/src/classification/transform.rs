//! From pictures to a classifier's input, as trainers predict.

use ocelli_vision::config::{ColorMode, NetworkInput, ResizeMode};
use ocelli_vision::resize::{AxisTaps, Filter};
use ocelli_vision::{
    Fitted, Image, Normalisation, OddMargin, PreProcessOptions, PreProcessed,
    PreProcessingMetadata, Result, Size, Tensor, VisionError, resize_crop, shortest_edge,
};
use serde::{Deserialize, Serialize};

use crate::batch::resampled;

/// The longest side of an input.
const MAX_SIDE: usize = 4096;

/// ImageNet's means and deviations of red, green and blue.
pub(crate) const IMAGENET: [[f64; 3]; 2] = [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]];

/// A picture is resized by Pillow, its middle cut out, and its bytes are made floats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Transform {
    pub(crate) resize: Resize,
    pub(crate) filter: Filter,
    /// The input's size.
    pub(crate) crop: Size,
    pub(crate) odd: OddMargin,
    /// What bytes are divided by.
    pub(crate) divisor: Option<f64>,
    /// Means that are taken off then, and deviations by which the rest is divided.
    pub(crate) normalisation: Option<[[f64; 3]; 2]>,
    /// Whether bytes are made floats first: `transformers`' processor of DINOv3. The resize is exact and bilinear then.
    #[serde(default)]
    pub(crate) floats: bool,
}

/// The size before the middle is cut out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Resize {
    /// The picture's own.
    Keep,
    /// The shorter side has this length.
    Shortest(usize),
    /// This one.
    Exact(Size),
}

impl Transform {
    /// As torchvision's weights are evaluated: the shorter side to `edge`, a square of `side`.
    pub(crate) fn torchvision(edge: usize, side: usize, filter: Filter) -> Transform {
        Transform {
            resize: Resize::Shortest(edge),
            filter,
            crop: Size::new(side, side),
            odd: OddMargin::ToEven,
            divisor: Some(255.0),
            normalisation: Some(IMAGENET),
            floats: false,
        }
    }

    /// As most processors of `transformers` do: stretched to a square of `side`.
    pub(crate) fn stretched(side: usize, normalisation: [[f64; 3]; 2]) -> Transform {
        let crop = Size::new(side, side);
        Transform {
            resize: Resize::Exact(crop),
            odd: OddMargin::Down,
            normalisation: Some(normalisation),
            ..Transform::torchvision(side, side, Filter::Bilinear)
        }
    }

    /// The same view of pictures at another size of the input.
    #[must_use]
    pub(crate) fn at(&self, size: Size) -> Transform {
        let scaled = |side: usize, to: usize, from: usize| {
            ((side as f64 * to as f64 / from.max(1) as f64).round() as usize).max(1)
        };
        let resize = match self.resize {
            Resize::Keep => Resize::Keep,
            Resize::Shortest(edge) => {
                let by_width = scaled(edge, size.width, self.crop.width);
                Resize::Shortest(by_width.max(scaled(edge, size.height, self.crop.height)))
            }
            Resize::Exact(exact) => Resize::Exact(Size::new(
                scaled(exact.width, size.width, self.crop.width),
                scaled(exact.height, size.height, self.crop.height),
            )),
        };
        Transform { resize, crop: size, ..self.clone() }
    }

    /// That no size is zero or beyond all measure, and all numbers are finite.
    pub(crate) fn check(&self) -> Result<()> {
        let fits = |side: usize| (1..=MAX_SIDE).contains(&side);
        let sides = match self.resize {
            Resize::Keep => [1, 1],
            Resize::Shortest(edge) => [edge, edge],
            Resize::Exact(size) => [size.width, size.height],
        };
        if !(sides.into_iter().all(fits) && fits(self.crop.width) && fits(self.crop.height)) {
            let reason = format!("{:?}, {}: sides must be 1 to {MAX_SIDE}", self.resize, self.crop);
            return Err(VisionError::BadArgument { name: "image_size", reason });
        }
        self.input().check()
    }

    /// Pictures to one batch.
    pub(crate) fn run(
        &self,
        images: &[Image],
        options: &PreProcessOptions,
    ) -> Result<PreProcessed> {
        if images.is_empty() {
            return Err(VisionError::BadArgument { name: "images", reason: "is empty".into() });
        }
        if let Some(size) = options.image_size.filter(|&size| size != self.crop) {
            let other = self.at(size);
            other.check()?;
            return other.run(images, &PreProcessOptions::default());
        }
        if self.floats {
            return self.by_floats(images);
        }
        let length = self.crop.checked_pixels()? * 3;
        let normalisation = Normalisation::of_package(&self.input());
        let mut data = vec![0.0; length * images.len()];
        let mut metadata = Vec::with_capacity(images.len());
        for (image, out) in images.iter().zip(data.chunks_exact_mut(length)) {
            let fitted = self.fit(image)?;
            normalisation.write(&fitted.image, out);
            let mut one = PreProcessingMetadata::stretched(image.size(), self.crop);
            one.padding = fitted.padding;
            (one.scale_width, one.scale_height) = fitted.scale;
            metadata.push(one);
        }
        let shape = vec![images.len(), self.crop.height, self.crop.width, 3];
        Ok(PreProcessed { input: Tensor::new(shape, data)?, metadata })
    }

    fn by_floats(&self, images: &[Image]) -> Result<PreProcessed> {
        let divisor = self.divisor.unwrap_or(1.0) as f32;
        let [mean, deviation] =
            self.normalisation.unwrap_or([[0.0; 3], [1.0; 3]]).map(|all| all.map(|v| v as f32));
        let taps = |from, to| AxisTaps::new(from, to, true);
        let scaled = |byte: u8| f32::from(byte) / divisor;
        resampled(images, self.crop, taps, scaled, |c, v| (v - mean[c]) / deviation[c])
    }

    fn fit(&self, image: &Image) -> Result<Fitted> {
        let size = match self.resize {
            Resize::Keep => image.size(),
            Resize::Shortest(edge) => shortest_edge(image.size(), edge),
            Resize::Exact(size) => size,
        };
        resize_crop(image, size, self.crop, self.filter, self.odd)
    }

    /// The input as packages describe it; how the picture meets its size cannot be said there.
    pub(crate) fn input(&self) -> NetworkInput {
        let both = |[mean, deviation]: [[f64; 3]; 2]| (mean.to_vec(), deviation.to_vec());
        NetworkInput {
            training_input_size: Some(self.crop),
            dataset_version_resize_dimensions: None,
            dynamic_spatial_size_supported: false,
            dynamic_spatial_size_mode: None,
            color_mode: ColorMode::Rgb,
            resize_mode: ResizeMode::Stretch,
            padding_value: None,
            input_channels: 3,
            scaling_factor: self.divisor,
            normalization: self.normalisation.map(both),
        }
    }
}

#[cfg(test)]
mod tests;

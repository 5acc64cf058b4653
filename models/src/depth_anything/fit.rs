//! From pictures to the network's input, at sides that are multiples of a patch and near the picture's proportions.

use ocelli_vision::config::{ColorMode, DynamicSize, NetworkInput, ResizeMode};
use ocelli_vision::resize::{AxisTaps, Filter, torch_bytes};
use ocelli_vision::{
    Fitted, Image, Normalisation, Padding, PreProcessOptions, PreProcessed, Result, Size,
    VisionError,
};
use serde::{Deserialize, Serialize};

use crate::batch::{batch, resampled};
use crate::classification::IMAGENET;

/// The most patches of an input.
const MAX_PATCHES: usize = 1 << 15;

/// How a picture is fitted, and its bytes made floats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Fit {
    /// What the sides are brought near to.
    pub(super) size: Size,
    /// Whether both sides have one scale, but for the rounding.
    pub(super) keep_aspect_ratio: bool,
    /// What sides are multiples of.
    pub(super) multiple: usize,
    pub(super) way: Way,
    /// What bytes are multiplied by.
    pub(super) factor: Option<f64>,
    /// Means that are taken off then, and deviations by which the rest is divided.
    pub(super) normalisation: Option<[[f64; 3]; 2]>,
}

/// Whose way of resizing is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Way {
    /// The image processor of `transformers`: the scale is the one nearest to 1, bytes stay bytes.
    Processor(Filter),
    /// The authors': no side is shorter than asked, floats by OpenCV's cubic.
    Authors,
}

impl Fit {
    /// As the authors do, or as the processors of their models in `transformers` do.
    pub(super) fn usual(way: Way) -> Fit {
        Fit {
            size: Size::new(518, 518),
            keep_aspect_ratio: true,
            multiple: 14,
            way,
            factor: Some(1.0 / 255.0),
            normalisation: Some(IMAGENET),
        }
    }

    /// That no size is zero and all numbers are finite.
    pub(super) fn check(&self) -> Result<()> {
        let positive = self.size.width > 0 && self.size.height > 0 && self.multiple > 0;
        let factor = self.factor.is_none_or(|factor| factor.is_finite() && factor != 0.0);
        if !positive || !factor {
            let reason =
                format!("{}, multiples of {}, {:?}", self.size, self.multiple, self.factor);
            return Err(VisionError::BadArgument { name: "image_size", reason });
        }
        self.input().check()
    }

    /// Pictures, which must all become one size, to a batch.
    pub(super) fn run(
        &self,
        images: &[Image],
        options: &PreProcessOptions,
    ) -> Result<PreProcessed> {
        if let Some(size) = options.image_size.filter(|&size| size != self.size) {
            let other = Fit { size, ..self.clone() };
            other.check()?;
            return other.run(images, &PreProcessOptions::default());
        }
        match self.way {
            Way::Processor(filter) => batch(images, &self.of_bytes(), |image| {
                let size = self.size_of(image.size())?;
                let scale = |to: usize, from: usize| (to as f64 / from as f64) as f32;
                let scale = (scale(size.width, image.width()), scale(size.height, image.height()));
                let image = torch_bytes(image, size.width, size.height, filter)?;
                Ok(Fitted { image, padding: Padding::default(), scale })
            }),
            Way::Authors => self.by_cubic(images),
        }
    }

    fn by_cubic(&self, images: &[Image]) -> Result<PreProcessed> {
        let bad = |reason: String| VisionError::BadArgument { name: "images", reason };
        let first = images.first().ok_or_else(|| bad("is empty".to_owned()))?;
        let size = self.size_of(first.size())?;
        for image in images {
            let other = self.size_of(image.size())?;
            if other != size {
                return Err(bad(format!("some become {size}, others {other}")));
            }
        }
        let factor = self.factor.unwrap_or(1.0);
        let [mean, deviation] =
            self.normalisation.unwrap_or([[0.0; 3], [1.0; 3]]).map(|all| all.map(|v| v as f32));
        let scaled = |byte: u8| (f64::from(byte) * factor) as f32;
        let normalised = |c: usize, value: f32| (value - mean[c]) / deviation[c];
        resampled(images, size, AxisTaps::cubic, scaled, normalised)
    }

    /// The size of the input for a picture.
    pub(super) fn size_of(&self, picture: Size) -> Result<Size> {
        let authors = self.way == Way::Authors;
        let ratio = |to: usize, from: usize| to as f64 / from.max(1) as f64;
        let mut across = ratio(self.size.width, picture.width);
        let mut down = ratio(self.size.height, picture.height);
        if self.keep_aspect_ratio {
            let by_width = match self.way {
                Way::Processor(_) => (1.0 - across).abs() < (1.0 - down).abs(),
                Way::Authors => across > down,
            };
            (across, down) = if by_width { (across, across) } else { (down, down) };
        }
        let side = |scale: f64, from: usize, least: usize| {
            let steps = scale * from as f64 / self.multiple as f64;
            let rounded = steps.round_ties_even() as usize;
            let short = authors && rounded.saturating_mul(self.multiple) < least;
            if short { steps.ceil() as usize } else { rounded }
        };
        let columns = side(across, picture.width, self.size.width);
        let rows = side(down, picture.height, self.size.height);
        if !(1..=MAX_PATCHES).contains(&columns.saturating_mul(rows)) {
            let reason = format!(
                "a picture of {picture} would become {rows} rows of {columns} patches; there must be 1 to {MAX_PATCHES}: crop it, or ask for another size"
            );
            return Err(VisionError::BadArgument { name: "images", reason });
        }
        Ok(Size::new(columns * self.multiple, rows * self.multiple))
    }

    /// Bytes to floats as the processors compute them, both steps in one.
    fn of_bytes(&self) -> Normalisation {
        let inverse = self.factor.map_or(1.0, |factor| (1.0 / factor) as f32);
        let stretched = |v: f64| f64::from(v as f32 * inverse);
        let both = |[mean, deviation]: [[f64; 3]; 2]| {
            (mean.map(stretched).to_vec(), deviation.map(stretched).to_vec())
        };
        Normalisation::of_package(&NetworkInput {
            scaling_factor: self.normalisation.is_none().then_some(f64::from(inverse)),
            normalization: self.normalisation.map(both),
            ..self.input()
        })
    }

    /// The input as packages describe it; how the picture meets its size cannot be said there.
    pub(super) fn input(&self) -> NetworkInput {
        let both = |[mean, deviation]: [[f64; 3]; 2]| (mean.to_vec(), deviation.to_vec());
        NetworkInput {
            training_input_size: Some(self.size),
            dataset_version_resize_dimensions: None,
            dynamic_spatial_size_supported: true,
            dynamic_spatial_size_mode: Some(DynamicSize::AnySize),
            color_mode: ColorMode::Rgb,
            resize_mode: ResizeMode::Stretch,
            padding_value: None,
            input_channels: 3,
            scaling_factor: self.factor.map(|factor| 1.0 / factor),
            normalization: self.normalisation.map(both),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_multiples_near_the_proportions() {
        let processor = Fit::usual(Way::Processor(Filter::Bicubic));
        let authors = Fit::usual(Way::Authors);
        let rows = [
            ((640, 480), (686, 518), (686, 518)),
            ((480, 640), (518, 686), (518, 686)),
            ((100, 50), (518, 252), (1036, 518)),
            ((1000, 518), (994, 518), (994, 518)),
        ];
        for (picture, by_processor, by_authors) in rows {
            let size = |(width, height)| Size::new(width, height);
            assert_eq!(processor.size_of(size(picture)).unwrap(), size(by_processor));
            assert_eq!(authors.size_of(size(picture)).unwrap(), size(by_authors));
        }
        for (width, height) in [(100_000, 1), (1, 100_000), (10_000, 100)] {
            let found = (
                processor.size_of(Size::new(width, height)),
                authors.size_of(Size::new(width, height)),
            );
            assert!(found.0.is_err() || found.1.is_err(), "{found:?}");
        }
    }

    #[test]
    fn a_batch_has_one_size() {
        let images =
            [Image::filled(64, 48, [9; 3]).unwrap(), Image::filled(48, 64, [9; 3]).unwrap()];
        for way in [Way::Processor(Filter::Bicubic), Way::Authors] {
            let fit = Fit { size: Size::new(28, 28), ..Fit::usual(way) };
            let options = PreProcessOptions::default();
            assert!(fit.run(&images, &options).unwrap_err().to_string().contains("others"));
            assert!(fit.run(&[], &options).is_err());
            let one = fit.run(&images[..1], &options).unwrap();
            assert_eq!(one.input.shape(), [1, 28, 42, 3]);
        }
    }
}

//! From pictures to the network's input.

use ocelli_vision::config::{ColorMode, DynamicSize, NetworkInput, ResizeMode};
use ocelli_vision::resize::{Filter, opencv_linear};
use ocelli_vision::{
    Fitted, Image, Letterbox, Normalisation, Padding, PreProcessOptions, PreProcessed,
    PreProcessor, Result, Size, VisionError, fit, shortest_edge_crop,
};

use crate::batch::batch;

/// The longest side of an input.
pub(super) const MAX_SIDE: usize = 8192;
/// Of red, green and blue.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// See [`IMAGENET_MEAN`].
const IMAGENET_DEVIATION: [f64; 3] = [0.229, 0.224, 0.225];
/// The gray of Ultralytics' letterbox.
const GRAY: u8 = 114;

/// A way from pictures to `[n, h, w, 3]`.
#[derive(Debug)]
pub(super) enum Prepare {
    /// As Ultralytics predicts.
    Trainer {
        /// How a picture meets the input's size.
        fit: Fit,
        /// The size of training.
        size: Size,
        /// What the sides of an input are multiples of.
        stride: usize,
    },
    /// As packages are served.
    Package(Box<PreProcessor>),
}

/// How Ultralytics fits pictures, by task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// A letterbox; if it may, the smallest that holds the pictures, provided that all have one shape.
    Letterbox {
        /// Whether it may.
        shrinks: bool,
    },
    /// Both sides by their own factor.
    Stretch,
    /// The middle of the picture, its shorter side at the input's.
    Middle,
    /// The largest square in the middle of the picture, stretched: the `yolov5` repository's way with classifiers.
    Square,
}

impl Prepare {
    pub(super) fn run(
        &self,
        images: &[Image],
        options: &PreProcessOptions,
    ) -> Result<PreProcessed> {
        match self {
            Prepare::Package(processor) => processor.run(images, options),
            &Prepare::Trainer { fit, size, stride } => {
                let size =
                    options.image_size.map_or(Ok(size), |asked| rounded_up(asked, stride))?;
                let normalisation = Normalisation::of_package(&fit.input(size, stride));
                prepare(images, &normalisation, |image, same| {
                    fit.apply(image, size, same.then_some(stride))
                })
            }
        }
    }
}

/// The next size that the network takes.
pub(super) fn rounded_up(size: Size, stride: usize) -> Result<Size> {
    let side = |side: usize| {
        side.max(1).checked_next_multiple_of(stride.max(1)).filter(|&s| s <= MAX_SIDE)
    };
    if let (Some(width), Some(height)) = (side(size.width), side(size.height)) {
        return Ok(Size::new(width, height));
    }
    let reason = format!("{size} was asked for, no side may be over {MAX_SIDE}");
    Err(VisionError::BadArgument { name: "image_size", reason })
}

impl Fit {
    /// What a package of a trainer's checkpoint says of its input; packages know no way but these of fitting a picture.
    pub(super) fn input(self, size: Size, stride: usize) -> NetworkInput {
        let resize_mode = match self {
            Fit::Letterbox { .. } => ResizeMode::Letterbox,
            Fit::Stretch | Fit::Middle | Fit::Square => ResizeMode::Stretch,
        };
        NetworkInput {
            training_input_size: Some(size),
            dataset_version_resize_dimensions: None,
            dynamic_spatial_size_supported: true,
            dynamic_spatial_size_mode: Some(DynamicSize::PadToBeDivisible { value: stride }),
            color_mode: ColorMode::Rgb,
            resize_mode,
            padding_value: Some(GRAY),
            input_channels: 3,
            scaling_factor: Some(255.0),
            normalization: (self == Fit::Square)
                .then(|| (IMAGENET_MEAN.to_vec(), IMAGENET_DEVIATION.to_vec())),
        }
    }

    /// Fits a picture; with a stride, its canvas may shrink by multiples of it.
    fn apply(self, image: &Image, size: Size, stride: Option<usize>) -> Result<Fitted> {
        match self {
            Fit::Letterbox { shrinks } => {
                let stride = stride.filter(|_| shrinks);
                Letterbox { size, stride, border: GRAY }.fit(image)
            }
            Fit::Stretch => {
                let ratio = |to: usize, from: usize| (to as f64 / from as f64) as f32;
                Ok(Fitted {
                    image: opencv_linear(image, size.width, size.height)?,
                    padding: Padding::default(),
                    scale: (ratio(size.width, image.width()), ratio(size.height, image.height())),
                })
            }
            Fit::Square => {
                let side = image.width().min(image.height());
                let square = fit(image, ResizeMode::CenterCrop, Size::new(side, side), 0)?;
                let resized = opencv_linear(&square.image, size.width, size.height)?;
                let scale = (size.width as f64 / side as f64) as f32;
                Ok(Fitted { image: resized, scale: (scale, scale), ..square })
            }
            Fit::Middle => {
                shortest_edge_crop(image, size.width.min(size.height), size, Filter::Bilinear)
            }
        }
    }
}

/// Pictures to one batch of numbers; `fit` is told whether all have one shape.
fn prepare(
    images: &[Image],
    normalisation: &Normalisation,
    fit: impl Fn(&Image, bool) -> Result<Fitted>,
) -> Result<PreProcessed> {
    let same = images.windows(2).all(|pair| pair[0].size() == pair[1].size());
    batch(images, normalisation, |image| fit(image, same))
}

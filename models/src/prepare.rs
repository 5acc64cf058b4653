//! From pictures to the network's input.

use ocelli_vision::config::{ColorMode, NetworkInput};
use ocelli_vision::resize::opencv_linear;
use ocelli_vision::{
    Fitted, Image, Normalisation, Padding, PreProcessOptions, PreProcessed, PreProcessor, Result,
    Size, VisionError,
};

use crate::batch::batch;

/// A way from pictures to `[n, h, w, 3]`.
#[derive(Debug)]
pub(crate) enum Prepare {
    /// As a training library predicts.
    Trainer(Steps),
    /// As packages are served.
    Package(Box<PreProcessor>),
}

impl Prepare {
    pub(crate) fn run(
        &self,
        images: &[Image],
        options: &PreProcessOptions,
    ) -> Result<PreProcessed> {
        match self {
            Prepare::Package(processor) => processor.run(images, options),
            Prepare::Trainer(steps) => {
                let resized = options.image_size.map(|size| steps.resized(size));
                let steps = resized.as_ref().unwrap_or(steps);
                let normalisation = Normalisation::of_package(&numbers(steps));
                batch(images, &normalisation, |image| fit(image, &steps.fits))
            }
        }
    }
}

/// Steps from a picture to numbers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Steps {
    /// Whether channels come blue first.
    pub(crate) blue_first: bool,
    /// What changes the size, in order.
    pub(crate) fits: Vec<Step>,
    /// What bytes are divided by.
    pub(crate) divisor: Option<f64>,
    /// Mean and deviation by channel, after the division.
    pub(crate) moments: Option<(Vec<f64>, Vec<f64>)>,
}

/// A step that changes the size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Step {
    /// One factor for both sides, so that the picture just fits.
    Within(Size),
    /// A factor for each side.
    Stretch(Size),
    /// A border up to a size.
    Pad {
        /// With the border.
        size: Size,
        /// Gray of the border.
        value: u8,
        /// Whether the picture is in the middle, or at the top left.
        centred: bool,
    },
}

impl Steps {
    /// The size that pictures end up with, if it is one.
    pub(crate) fn size(&self) -> Option<Size> {
        match self.fits.last()? {
            Step::Pad { size, .. } | Step::Stretch(size) => Some(*size),
            Step::Within(_) => None,
        }
    }

    /// The same, ending with another size: every step keeps its distance from the last.
    pub(crate) fn resized(&self, to: Size) -> Steps {
        let last = self.size().unwrap_or(to);
        let side = |side: usize, last: usize, to: usize| (side + to).saturating_sub(last).max(1);
        let moved = |size: Size| {
            Size::new(
                side(size.width, last.width, to.width),
                side(size.height, last.height, to.height),
            )
        };
        let step = |step: &Step| match *step {
            Step::Within(size) => Step::Within(moved(size)),
            Step::Stretch(size) => Step::Stretch(moved(size)),
            Step::Pad { size, value, centred } => Step::Pad { size: moved(size), value, centred },
        };
        Steps { fits: self.fits.iter().map(step).collect(), ..self.clone() }
    }
}

/// How bytes become numbers.
fn numbers(steps: &Steps) -> NetworkInput {
    let size = steps.size().unwrap_or_default();
    NetworkInput {
        color_mode: if steps.blue_first { ColorMode::Bgr } else { ColorMode::Rgb },
        scaling_factor: steps.divisor,
        normalization: steps.moments.clone(),
        ..NetworkInput::stretched(size, [0.0; 3], [1.0; 3])
    }
}

/// Brings a picture through all steps.
fn fit(image: &Image, steps: &[Step]) -> Result<Fitted> {
    let start = Fitted { image: image.clone(), padding: Padding::default(), scale: (1.0, 1.0) };
    steps.iter().try_fold(start, |fitted, step| {
        let from = fitted.image.size();
        let ratio = |to: usize, from: usize| to as f64 / from.max(1) as f64;
        let by = |x: f64, y: f64| (fitted.scale.0 * x as f32, fitted.scale.1 * y as f32);
        match *step {
            Step::Within(size) => {
                let scale = ratio(size.height, from.height).min(ratio(size.width, from.width));
                let side = |side: usize| ((side as f64 * scale).round_ties_even() as usize).max(1);
                let image = opencv_linear(&fitted.image, side(from.width), side(from.height))?;
                Ok(Fitted { image, scale: by(scale, scale), ..fitted })
            }
            Step::Stretch(size) => {
                let image = opencv_linear(&fitted.image, size.width, size.height)?;
                let scale = by(ratio(size.width, from.width), ratio(size.height, from.height));
                Ok(Fitted { image, scale, ..fitted })
            }
            Step::Pad { size, value, centred } => pad(&fitted, size, value, centred),
        }
    })
}

/// Puts a picture on a larger canvas.
fn pad(fitted: &Fitted, size: Size, value: u8, centred: bool) -> Result<Fitted> {
    let from = fitted.image.size();
    let spare = size.width.checked_sub(from.width).zip(size.height.checked_sub(from.height));
    let Some((across, down)) = spare else {
        let reason = format!("a picture of {from} does not fit into {size}");
        return Err(VisionError::BadArgument { name: "image_size", reason });
    };
    let (left, top) = if centred { (across / 2, down / 2) } else { (0, 0) };
    let mut image = Image::filled(size.width, size.height, [value; 3])?;
    let rows = image.pixels_mut().chunks_exact_mut(size.width * 3).skip(top);
    for (to, row) in rows.zip(fitted.image.pixels().chunks_exact(from.width * 3)) {
        to[left * 3..][..row.len()].copy_from_slice(row);
    }
    let mut padding = fitted.padding;
    padding.left += left as isize;
    padding.top += top as isize;
    padding.right += (across - left) as isize;
    padding.bottom += (down - top) as isize;
    Ok(Fitted { image, padding, scale: fitted.scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_centred_with_a_border_all_around() {
        let picture = Image::filled(200, 100, [9, 8, 7]).unwrap();
        let size = Size::new(640, 640);
        let steps =
            [Step::Within(Size::new(636, 636)), Step::Pad { size, value: 114, centred: true }];
        let fitted = fit(&picture, &steps).unwrap();
        assert_eq!(fitted.image.size(), Size::new(640, 640));
        assert_eq!(fitted.padding, Padding { left: 2, top: 161, right: 2, bottom: 161 });
        assert_eq!(fitted.scale, (3.18, 3.18));
        assert_eq!(fitted.image.pixel(1, 300), Some([114; 3]));
        assert_eq!(fitted.image.pixel(2, 161), Some([9, 8, 7]));
        assert_eq!(fitted.image.pixel(320, 160), Some([114; 3]));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let picture = Image::filled(20, 10, [0; 3]).unwrap();
        let small = Step::Pad { size: Size::new(16, 16), value: 0, centred: false };
        assert!(fit(&picture, &[small]).is_err());
    }
}

//! From pictures to the network's input, as the training library predicts: floats, resized without antialias.

use ocelli_vision::{
    Image, PreProcessOptions, PreProcessed, PreProcessor, Result, Size, VisionError,
};

use crate::batch::stretched;

/// ImageNet's means and deviations of red, green and blue.
pub(super) const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// See [`MEAN`].
pub(super) const DEVIATION: [f64; 3] = [0.229, 0.224, 0.225];

/// The longest side of an input: beyond it attention alone would take more memory than a machine has.
pub(super) const MAX_SIDE: usize = 4096;

/// A way from pictures to `[n, h, w, 3]`.
#[derive(Debug)]
pub(super) enum Prepare {
    /// As `rfdetr` predicts: stretched in floats, two pixels by two.
    Trainer {
        /// The size of training.
        size: Size,
        /// What the sides of any other size must be multiples of.
        divisor: usize,
    },
    /// As packages are served: Pillow's antialiased resize of bytes.
    Package(Box<PreProcessor>),
}

impl Prepare {
    pub(super) fn run(
        &self,
        images: &[Image],
        options: &PreProcessOptions,
    ) -> Result<PreProcessed> {
        if let Some(size) = options.image_size.filter(|s| s.width.max(s.height) > MAX_SIDE) {
            let reason = format!("{size} was asked for, no side may be over {MAX_SIDE}");
            return Err(VisionError::BadArgument { name: "image_size", reason });
        }
        match self {
            Prepare::Package(processor) => processor.run(images, options),
            &Prepare::Trainer { size, divisor } => {
                let size = options.image_size.unwrap_or(size);
                check_size(size, divisor)?;
                stretch(images, size)
            }
        }
    }
}

/// That the sides are multiples of `divisor`, at least one.
fn check_size(size: Size, divisor: usize) -> Result<()> {
    let fits = |side: usize| side > 0 && side.is_multiple_of(divisor);
    if fits(size.width) && fits(size.height) && size.checked_pixels().is_ok() {
        return Ok(());
    }
    let reason = format!("{size} was asked for, both sides must be multiples of {divisor}");
    Err(VisionError::BadArgument { name: "image_size", reason })
}

/// Pictures to one batch of normalised floats.
fn stretch(images: &[Image], size: Size) -> Result<PreProcessed> {
    let scaled = |byte: u8| f32::from(byte) / 255.0;
    let normalised = |c: usize, value: f32| (value - MEAN[c] as f32) / DEVIATION[c] as f32;
    stretched(images, size, scaled, normalised)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_one_colour_is_its_normalised_colour() {
        let image = Image::filled(5, 3, [255, 0, 51]).unwrap();
        let ready = stretch(&[image], Size::new(4, 8)).unwrap();
        assert_eq!(ready.input.shape(), [1, 8, 4, 3]);
        let needed = [(1.0 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225];
        for pixel in ready.input.data().as_chunks::<3>().0 {
            for (found, needed) in pixel.iter().zip(needed) {
                assert!((found - needed).abs() < 1e-5, "{found} {needed}");
            }
        }
    }

    #[test]
    fn sizes_that_do_not_divide_are_refused() {
        let prepare = Prepare::Trainer { size: Size::new(64, 64), divisor: 32 };
        let image = Image::filled(5, 3, [0; 3]).unwrap();
        let asked = |size| PreProcessOptions { image_size: Some(size), ..Default::default() };
        assert!(prepare.run(std::slice::from_ref(&image), &asked(Size::new(96, 32))).is_ok());
        let error = prepare.run(&[image], &asked(Size::new(96, 40))).unwrap_err().to_string();
        assert!(error.contains("multiples of 32"), "{error}");
    }
}

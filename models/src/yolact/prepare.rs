//! From pictures to the network's input.

use ocelli_vision::{
    Image, PreProcessOptions, PreProcessed, PreProcessor, Result, Size, VisionError,
};

use super::config::Backbone;
use crate::batch::stretched;
use crate::served::MAX_SIDE;

/// Means of red, green and blue.
pub(super) const MEAN: [f64; 3] = [123.68, 116.78, 103.94];
/// Their deviations.
pub(super) const DEVIATION: [f64; 3] = [58.40, 57.12, 57.38];

/// A way from pictures to `[n, h, w, 3]`.
#[derive(Debug)]
pub(super) enum Prepare {
    /// As the repository predicts: stretched in floats.
    Trainer {
        /// The network's input.
        size: Size,
        /// Which backbone's numbers.
        backbone: Backbone,
    },
    /// As packages are served.
    Package(Box<PreProcessor>),
}

impl Prepare {
    pub(super) fn run(
        &self,
        images: &[Image],
        options: &PreProcessOptions,
    ) -> Result<PreProcessed> {
        match self {
            Prepare::Package(processor) => processor.run(images, options),
            &Prepare::Trainer { size, backbone } => {
                let size = options.image_size.unwrap_or(size);
                if size.width.max(size.height) > MAX_SIDE {
                    let reason = format!("{size} was asked for, no side may be over {MAX_SIDE}");
                    return Err(VisionError::BadArgument { name: "image_size", reason });
                }
                stretched(images, size, f32::from, |c, value| match backbone {
                    Backbone::ResNet(_) => (value - MEAN[c] as f32) / DEVIATION[c] as f32,
                    Backbone::DarkNet(_) => value / 255.0,
                })
            }
        }
    }
}

//! Sizes of a network.

use ocelli_converters::{StateDict, Tensor};

use super::encoder::Encoder;

/// A network's sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What gives the maps.
    pub encoder: &'static Encoder,
    /// How many times smaller than pictures the encoder's last maps are: 8 or 16. Tensors do not show it.
    pub output_stride: usize,
    /// Channels of pictures.
    pub channels: usize,
    /// Channels of the decoder.
    pub width: usize,
    /// Whether dilated convolutions are by channel first, then across channels.
    pub separable: bool,
    /// Logits a pixel.
    pub classes: usize,
}

impl Config {
    /// The library's usual network on an encoder.
    pub fn find(encoder: &str, classes: usize) -> Option<Config> {
        let encoder = Encoder::find(encoder)?;
        let (output_stride, channels, width, separable) = (16, 3, 256, true);
        Some(Config { encoder, output_stride, channels, width, separable, classes })
    }

    /// `deeplabv3plus-ENCODER`, followed by `-os8` for the smaller stride.
    pub fn name(&self) -> String {
        let end = if self.output_stride == 8 { "-os8" } else { "" };
        format!("deeplabv3plus-{}{end}", self.encoder.name)
    }

    /// The sizes that tensors show, or what is missing.
    pub(super) fn infer(weights: &StateDict, output_stride: usize) -> Result<Config, String> {
        let extent = |name: &str, axis: usize| {
            let shape = weights.get(name).map(Tensor::shape);
            let extent = shape.and_then(|shape| shape.get(axis).copied());
            extent.ok_or_else(|| format!("it has no tensor `{name}`"))
        };
        let stems = ["conv1.weight", "features.0.0.weight", "_conv_stem.weight"];
        let channels = stems.iter().find_map(|stem| extent(&format!("encoder.{stem}"), 1).ok());
        let channels = channels.ok_or("its encoder starts in an unknown way")?;
        Ok(Config {
            encoder: Encoder::find_in(weights, channels)
                .ok_or("its encoder is none of those that there are here")?,
            output_stride,
            channels,
            width: extent("decoder.aspp.0.project.0.weight", 0)?,
            separable: weights.contains("decoder.aspp.0.convs.1.0.0.weight"),
            classes: extent("segmentation_head.0.weight", 0)?,
        })
    }
}

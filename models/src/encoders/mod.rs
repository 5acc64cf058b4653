//! Convolutional networks that give maps of a picture at several strides, for detectors and segmenters.
//!
//! | file | networks | weights named as in |
//! | --- | --- | --- |
//! | `mobilenet_v4`, `efficientnet_lite`, `efficientnet_v2` | rows of `inverted` | timm |
//! | `hgnet_v2` | PP-HGNetV2 | timm |
//! | `convnext_v2` | `ConvNeXt` V2 | timm |
//! | `mobilenet_v2` | `MobileNetV2` | torchvision |
//! | `efficientnet` | `EfficientNet` | `efficientnet_pytorch` |
//!
//! `unit` is the convolution with norm and activation that they are made of. [`ENCODERS`] are those of detectors; the last two
//! are those of segmenters, which may keep the size of their later maps (`dilated`).

mod convnext_v2;
pub(crate) mod dilated;
pub(crate) mod efficientnet;
mod efficientnet_lite;
mod efficientnet_v2;
mod hgnet_v2;
mod inverted;
pub(crate) mod mobilenet_v2;
mod mobilenet_v4;
mod squeeze;
mod unit;

use std::sync::Arc;

use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Result, Value, Weights};

use crate::weights::CheckpointWeights;

/// A network of timm's, as its `features_only` gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoder {
    /// Its name in timm.
    pub name: &'static str,
    network: Network,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Network {
    Inverted(&'static inverted::Row),
    HgnetV2(&'static hgnet_v2::Row),
    ConvNextV2(&'static convnext_v2::Row),
}

const fn inverted(name: &'static str, row: &'static inverted::Row) -> Encoder {
    Encoder { name, network: Network::Inverted(row) }
}

/// All networks.
pub const ENCODERS: &[Encoder] = &[
    inverted("mobilenetv4_conv_small_035", &mobilenet_v4::SMALL_035),
    inverted("mobilenetv4_conv_small_050", &mobilenet_v4::SMALL_050),
    inverted("mobilenetv4_conv_small", &mobilenet_v4::SMALL),
    inverted("tf_efficientnet_lite0", &efficientnet_lite::LITE0),
    inverted("tf_efficientnet_lite1", &efficientnet_lite::LITE1),
    inverted("tf_efficientnet_lite2", &efficientnet_lite::LITE2),
    inverted("tf_efficientnet_lite3", &efficientnet_lite::LITE3),
    inverted("tf_efficientnetv2_b0", &efficientnet_v2::B0),
    inverted("tf_efficientnetv2_b1", &efficientnet_v2::B1),
    inverted("tf_efficientnetv2_b2", &efficientnet_v2::B2),
    inverted("tf_efficientnetv2_s", &efficientnet_v2::SMALL),
    Encoder { name: "hgnetv2_b0", network: Network::HgnetV2(&hgnet_v2::B0) },
    Encoder { name: "convnextv2_tiny", network: Network::ConvNextV2(&convnext_v2::TINY) },
];

impl Encoder {
    /// The network of a name.
    pub fn find(name: &str) -> Option<&'static Encoder> {
        ENCODERS.iter().find(|row| row.name == name)
    }

    /// Pictures `[n, h, w, 3]` to the last map of each size, largest first; the last has stride 32.
    ///
    /// # Errors
    /// A weight is missing or has another shape.
    pub fn maps(&self, g: &mut Graph, w: &Weights, image: Value) -> Result<Vec<Value>> {
        match self.network {
            Network::Inverted(row) => row.maps(g, w, image),
            Network::HgnetV2(row) => row.maps(g, w, image),
            Network::ConvNextV2(row) => row.maps(g, w, image),
        }
    }
}

/// Channels times a factor, to the nearest multiple of 8, or to the next where the nearest is below `least` of it.
pub(crate) fn round_channels(channels: usize, factor: f64, least: f64) -> usize {
    let wanted = channels as f64 * factor;
    let nearest = ((wanted + 4.0) as usize / 8 * 8).max(8);
    if (nearest as f64) < least * wanted { nearest + 8 } else { nearest }
}

/// The network whose tensors are all that there is below `prefix`.
pub(crate) fn find_in(weights: &StateDict, prefix: &str) -> Option<&'static Encoder> {
    let weights = weights.subset(prefix, "");
    ENCODERS.iter().find(|encoder| {
        let source = Arc::new(CheckpointWeights::new(weights.clone()));
        let root = Weights::new(Arc::clone(&source) as _);
        let mut g = Graph::new();
        let image = g.input("image", &[1, 64, 64, 3]);
        let fits = image.and_then(|image| encoder.maps(&mut g, &root, image)).is_ok();
        let mut unused = source.unused(&root.used());
        unused.retain(|name| !name.ends_with(".num_batches_tracked"));
        fits && unused.is_empty()
    })
}

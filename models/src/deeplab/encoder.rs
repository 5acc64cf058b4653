//! The encoders there are.

use std::sync::Arc;

use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Result, Value, Weights};

use crate::encoders::{efficientnet, mobilenet_v2};
use crate::resnet;
use crate::weights::CheckpointWeights;

/// An encoder of `segmentation_models_pytorch`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoder {
    /// Its name there.
    pub name: &'static str,
    network: Network,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Network {
    /// The row of the same name.
    Resnet,
    MobilenetV2,
    Efficientnet(efficientnet::Row),
}

const fn resnet(name: &'static str) -> Encoder {
    Encoder { name, network: Network::Resnet }
}

const fn efficientnet(name: &'static str, row: efficientnet::Row) -> Encoder {
    Encoder { name, network: Network::Efficientnet(row) }
}

/// All encoders.
pub const ENCODERS: &[Encoder] = &[
    resnet("resnet18"),
    resnet("resnet34"),
    resnet("resnet50"),
    resnet("resnet101"),
    resnet("resnet152"),
    resnet("resnext50_32x4d"),
    resnet("resnext101_32x4d"),
    resnet("resnext101_32x8d"),
    Encoder { name: "mobilenet_v2", network: Network::MobilenetV2 },
    efficientnet("efficientnet-b0", efficientnet::B0),
    efficientnet("efficientnet-b1", efficientnet::B1),
    efficientnet("efficientnet-b2", efficientnet::B2),
    efficientnet("efficientnet-b3", efficientnet::B3),
    efficientnet("efficientnet-b4", efficientnet::B4),
    efficientnet("efficientnet-b5", efficientnet::B5),
    efficientnet("efficientnet-b6", efficientnet::B6),
    efficientnet("efficientnet-b7", efficientnet::B7),
];

impl Encoder {
    /// The encoder of a name.
    pub fn find(name: &str) -> Option<&'static Encoder> {
        ENCODERS.iter().find(|row| row.name == name)
    }

    /// The encoder whose tensors are all that there is below `encoder`.
    pub(super) fn find_in(weights: &StateDict, channels: usize) -> Option<&'static Encoder> {
        let weights = weights.subset("encoder", "");
        ENCODERS.iter().find(|encoder| {
            let source = Arc::new(CheckpointWeights::new(weights.clone()));
            let root = Weights::new(Arc::clone(&source) as _);
            let mut g = Graph::new();
            let image = g.input("image", &[1, 64, 64, channels]);
            let fits = image.and_then(|image| encoder.maps(&mut g, &root, image, 16)).is_ok();
            let mut unused = source.unused(&root.used());
            unused.retain(|name| !needless(name));
            fits && unused.is_empty()
        })
    }

    /// Pictures `[n, h, w, c]` to the maps of stride 4 and of `output_stride`.
    pub(super) fn maps(
        &self,
        g: &mut Graph,
        w: &Weights,
        image: Value,
        output_stride: usize,
    ) -> Result<[Value; 2]> {
        match self.network {
            Network::MobilenetV2 => mobilenet_v2::maps(g, w, image, output_stride),
            Network::Efficientnet(row) => row.maps(g, w, image, output_stride),
            Network::Resnet => {
                let row = resnet::Variant::find(self.name).unwrap_or(&resnet::VARIANTS[0]);
                let stages = resnet::stages(g, w, image, &row.config(0), output_stride)?;
                Ok([stages[1], stages[stages.len() - 1]])
            }
        }
    }
}

/// Whether a tensor of an encoder has no part in maps: counters, and the head of `EfficientNet`.
pub(super) fn needless(name: &str) -> bool {
    let head = ["_conv_head.", "_bn1."];
    name.ends_with(".num_batches_tracked") || head.iter().any(|head| name.starts_with(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn residual_encoders_are_rows_of_residual_networks() {
        for row in ENCODERS.iter().filter(|row| row.network == Network::Resnet) {
            assert!(resnet::Variant::find(row.name).is_some(), "{}", row.name);
        }
    }
}

//! Sizes of YOLO-Lite networks.

use ocelli_converters::{StateDict, Tensor};

use crate::encoders::{self, Encoder};

/// A network's sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What gives the maps.
    pub backbone: &'static Encoder,
    /// The part between backbone and heads.
    pub neck: Neck,
    /// Blocks of each head.
    pub head_depth: usize,
    /// Whether there is a level of stride 4.
    pub fine: bool,
    /// Whether there is a level of stride 64.
    pub coarse: bool,
    /// Boxes at each place of the levels of stride 8, 16 and 32; finer and coarser levels have those of the nearest.
    pub anchors: [usize; 3],
    /// Number of classes.
    pub classes: usize,
}

/// The part between backbone and heads, and the channels of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neck {
    /// Whether convolutions are by channel first, then across channels.
    pub light: bool,
    /// Channels of neck and heads.
    pub channels: usize,
    /// Convolutions of each level.
    pub depth: usize,
}

/// A row of [`VARIANTS`].
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its id.
    pub name: &'static str,
    backbone: &'static str,
    neck: Neck,
    head_depth: usize,
}

const fn edge(
    name: &'static str,
    backbone: &'static str,
    [channels, depth, head_depth]: [usize; 3],
) -> Variant {
    Variant { name, backbone, neck: Neck { light: true, channels, depth }, head_depth }
}

const fn dense(
    name: &'static str,
    backbone: &'static str,
    [channels, depth, head_depth]: [usize; 3],
) -> Variant {
    Variant { name, backbone, neck: Neck { light: false, channels, depth }, head_depth }
}

/// The networks that the repository describes: `configs/models` and, as `v2`, `configs/v2_models`. Numbers are channels,
/// convolutions of each level, blocks of each head.
#[rustfmt::skip]
pub const VARIANTS: &[Variant] = &[
    edge("yololite-edge-n", "mobilenetv4_conv_small_050", [96, 1, 1]),
    edge("yololite-edge-s", "mobilenetv4_conv_small", [192, 2, 2]),
    edge("yololite-edge-m", "mobilenetv4_conv_small", [244, 2, 2]),
    edge("yololite-edge-l", "mobilenetv4_conv_small", [320, 2, 3]),
    edge("yololite-edge-xl", "hgnetv2_b0", [256, 2, 3]),
    dense("yololite-n", "tf_efficientnet_lite0", [196, 2, 1]),
    dense("yololite-s", "tf_efficientnet_lite1", [256, 2, 1]),
    dense("yololite-m", "tf_efficientnet_lite2", [328, 2, 2]),
    dense("yololite-l", "tf_efficientnet_lite3", [512, 2, 3]),
    dense("yololite-xl", "tf_efficientnetv2_s", [512, 3, 3]),
    dense("yololite-v2-n", "tf_efficientnetv2_b0", [196, 2, 1]),
    dense("yololite-v2-s", "tf_efficientnetv2_b1", [256, 2, 2]),
    dense("yololite-v2-m", "tf_efficientnetv2_b2", [328, 2, 2]),
    dense("yololite-v2-l", "convnextv2_tiny", [512, 2, 3]),
];

impl Config {
    /// A network by name, for so many classes, with one box at each place of three levels.
    pub fn find(name: &str, classes: usize) -> Option<Config> {
        let row = VARIANTS.iter().find(|row| row.name == name)?;
        let Variant { neck, head_depth, .. } = *row;
        let backbone = Encoder::find(row.backbone)?;
        let (fine, coarse, anchors) = (false, false, [1; 3]);
        Some(Config { backbone, neck, head_depth, fine, coarse, anchors, classes })
    }

    /// The name of the row of these sizes, whatever its levels; `yololite` for others.
    pub fn name(&self) -> &'static str {
        let same = |row: &&Variant| {
            (row.backbone, row.neck, row.head_depth)
                == (self.backbone.name, self.neck, self.head_depth)
        };
        VARIANTS.iter().find(same).map_or("yololite", |row| row.name)
    }

    /// The sizes that tensors show, or what is missing.
    pub(super) fn infer(weights: &StateDict) -> Result<Config, String> {
        let rows = |name: &str| {
            let shape = weights.get(name).map(Tensor::shape);
            let rows = shape.and_then(|shape| shape.first().copied());
            rows.ok_or_else(|| format!("it has no tensor `{name}`"))
        };
        let count = |name: &dyn Fn(usize) -> String| {
            (0..64).take_while(|&i| weights.contains(&name(i))).count()
        };
        let light = weights.contains("smooth3.block.0.weight");
        let depth = count(&|i| {
            if light {
                format!("smooth3.block.{}.weight", 4 * i)
            } else {
                format!("smooth3.{}.weight", 3 * i)
            }
        });
        let anchors = [3, 4, 5].map(|level| rows(&format!("head{level}.out.obj.weight")));
        let [third, fourth, fifth] = anchors;
        let anchors = [third?, fourth?, fifth?];
        let classes = rows("head3.out.cls.weight")?.checked_div(anchors[0]).unwrap_or(0);
        if classes == 0 || depth == 0 {
            return Err("its heads or its levels are empty".to_owned());
        }
        Ok(Config {
            backbone: encoders::find_in(weights, "backbone")
                .ok_or("its backbone is none of those that there are here")?,
            neck: Neck { light, channels: rows("lateral3.weight")?, depth },
            head_depth: count(&|i| format!("head3.trunk.{i}.block.0.weight")),
            fine: weights.contains("head2.out.obj.weight"),
            coarse: weights.contains("head6.out.obj.weight"),
            anchors,
            classes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_have_their_names() {
        for row in VARIANTS {
            assert_eq!(Config::find(row.name, 3).unwrap().name(), row.name);
        }
        let row = Config::find("yololite-n", 3).unwrap();
        assert_eq!(Config { head_depth: 7, ..row }.name(), "yololite");
    }
}

//! The sizes there are, and what the tensors of a checkpoint show of them.

use ocelli_converters::{StateDict, Tensor};
use ocelli_engine::op::Activation;

use super::names::Layout;
use crate::blocks::layer::{Feed, Layer, QueryKeyValue};
use crate::blocks::positions::Positions;

/// A vision transformer's sizes and kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Channels of a token.
    pub width: usize,
    /// Layers.
    pub depth: usize,
    /// Pixels a side of a patch.
    pub patch: usize,
    /// Classes, if there is a classifier.
    pub classes: Option<usize>,
    /// What the classifier sees.
    pub pooling: Pooling,
    /// Tokens without a place in the image, besides the class token.
    pub registers: usize,
    /// Whether the class token has a position.
    pub(crate) class_position: bool,
    pub(crate) layer: Layer,
    pub(crate) positions: Positions,
}

/// The most pixels a side of a patch, and the most patches a side of an image.
const MAX_SIDE: usize = 1024;

/// What of the last layer's tokens a classifier sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The class token.
    Class,
    /// The class token and the mean of the patches, side by side.
    ClassAndMean,
}

/// A row of [`SIZES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its name in timm.
    pub name: &'static str,
    /// Channels of a token.
    pub width: usize,
    /// Layers.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
}

const fn size(name: &'static str, width: usize, depth: usize, heads: usize) -> Size {
    Size { name, width, depth, heads }
}

/// The sizes that have a name.
pub const SIZES: &[Size] = &[
    size("tiny", 192, 12, 3),
    size("small", 384, 12, 6),
    size("base", 768, 12, 12),
    size("large", 1024, 24, 16),
    size("huge", 1280, 32, 16),
    size("giant", 1536, 40, 24),
];

/// What tensors do not show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) heads: usize,
    pub(crate) eps: f32,
    pub(crate) activation: Activation,
    pub(crate) antialias: bool,
}

impl Size {
    /// The row of a width and a depth.
    pub fn find(width: usize, depth: usize) -> Option<&'static Size> {
        SIZES.iter().find(|row| (row.width, row.depth) == (width, depth))
    }
}

impl Config {
    /// `transformers`' `ViT` of a size, for images of `side` pixels in patches of `patch`.
    pub fn vit(size: &Size, patch: usize, side: usize, classes: Option<usize>) -> Config {
        let feed = Feed::Plain(Activation::Gelu);
        let layer = Layer {
            heads: size.heads,
            hidden: 4 * size.width,
            eps: 1e-12,
            query_key_value: QueryKeyValue { stacked: false, biased: true },
            feed,
            scaled: false,
        };
        Config {
            width: size.width,
            depth: size.depth,
            patch,
            classes,
            pooling: Pooling::Class,
            registers: 0,
            class_position: true,
            layer,
            positions: Positions { side: side / patch.max(1), antialias: false, offset: 0.0 },
        }
    }

    /// `transformers`' DINOv2 of a size, for images of `side` pixels; the widest has gated layers.
    pub fn dinov2(size: &Size, side: usize, registers: usize) -> Config {
        let plain = Config::vit(size, 14, side, None);
        let gated = size.width >= 1536;
        let hidden = if gated { (8 * size.width / 3).next_multiple_of(8) } else { 4 * size.width };
        let feed = if gated { Feed::Gated } else { plain.layer.feed };
        let layer = Layer { scaled: true, eps: 1e-6, hidden, feed, ..plain.layer };
        let positions = Positions { antialias: registers > 0, ..plain.positions };
        Config { registers, layer, positions, ..plain }
    }

    /// The sizes that the tensors of a checkpoint show, named as in this project. `told` is what they do not show; without
    /// it, it is what the usual models of the layout have, if the size has a name.
    pub(crate) fn infer(weights: &StateDict, layout: Layout, told: Option<Told>) -> Option<Config> {
        let shape = |name: &str| weights.get(name).map(Tensor::shape);
        let first = |part: &str| shape(&format!("encoder.layer.0.{part}"));
        let &[width, 3, patch, across] = shape("embeddings.patch_embeddings.projection.weight")?
        else {
            return None;
        };
        let depth = (0..weights.len())
            .take_while(|i| weights.contains(&format!("encoder.layer.{i}.norm1.weight")))
            .count();
        let told = match told {
            Some(told) => told,
            None => layout.usual(Size::find(width, depth)?.heads),
        };
        let registers = match shape("embeddings.register_tokens") {
            None => 0,
            Some(&[1, count, _]) => count,
            Some(_) => return None,
        };
        let &[1, places, _] = shape("embeddings.position_embeddings")? else { return None };
        let side = |patches: usize| Some(patches.isqrt()).filter(|side| side * side == patches);
        let without_class = places.checked_sub(1).and_then(side);
        let class_position = without_class.is_some();
        let grid = without_class.or_else(|| side(places))?;
        let (feed, hidden) = match (first("mlp.fc1.weight"), first("mlp.weights_in.weight")) {
            (Some(&[hidden, _]), None) => (Feed::Plain(told.activation), hidden),
            (None, Some(&[both, _])) => (Feed::Gated, both / 2),
            _ => return None,
        };
        let (classes, pooling) = match shape("classifier.weight") {
            None => (None, Pooling::Class),
            Some(&[classes, seen]) if seen / 2 == width && seen % 2 == 0 => {
                (Some(classes), Pooling::ClassAndMean)
            }
            Some(&[classes, _]) => (Some(classes), Pooling::Class),
            Some(_) => return None,
        };
        let stacked = first("attention.attention.qkv.weight").is_some();
        let any = if stacked { "qkv" } else { "query" };
        let biased = first(&format!("attention.attention.{any}.bias")).is_some();
        let layer = Layer {
            heads: told.heads,
            hidden,
            eps: told.eps,
            query_key_value: QueryKeyValue { stacked, biased },
            feed,
            scaled: first("layer_scale1.lambda1").is_some(),
        };
        let positions =
            Positions { side: grid, antialias: told.antialias || registers > 0, offset: 0.0 };
        let sizes = (1..=MAX_SIDE).contains(&patch) && (1..=MAX_SIDE).contains(&grid);
        let sound = sizes && patch == across && depth > 0;
        let config = Config {
            width,
            depth,
            patch,
            classes,
            pooling,
            registers,
            class_position,
            layer,
            positions,
        };
        sound.then_some(config)
    }

    /// The name of the size, the patch and the image: `vit_base_patch16_224`.
    pub fn name(&self, family: &str) -> String {
        let size = Size::find(self.width, self.depth);
        let size = size.map_or_else(|| self.width.to_string(), |row| row.name.to_owned());
        let registers =
            if self.registers > 0 { format!("_reg{}", self.registers) } else { String::new() };
        let (patch, side) = (self.patch, self.image_side());
        format!("{family}_{size}_patch{patch}{registers}_{side}")
    }

    /// Pixels a side of the images of training.
    pub fn image_side(&self) -> usize {
        self.positions.side * self.patch
    }
}

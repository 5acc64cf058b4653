//! The sizes there are, and what the tensors of a checkpoint show of them.

use ocelli_converters::{StateDict, Tensor};

use crate::depth_anything::dpt::Neck;
use crate::vit;

/// A network's sizes and kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// DINOv2.
    pub encoder: vit::Config,
    /// After which of its layers the neck takes the tokens, counted from 1.
    pub layers: [usize; 4],
    /// The neck.
    pub neck: Neck,
    /// Channels before the depth.
    pub head: usize,
    /// What the depth is.
    pub depth: Depth,
}

/// What a network's numbers mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Depth {
    /// Nearness on no scale: 0 is far. The factor is 1, unless the configuration has another.
    Relative(f32),
    /// Metres, from 0 to this many.
    Metric(f32),
}

/// A row of [`SIZES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its name.
    pub name: &'static str,
    /// Channels of a token.
    pub width: usize,
    /// Layers of the encoder.
    pub depth: usize,
    /// After which of them the neck takes the tokens.
    pub layers: [usize; 4],
    /// The neck.
    pub neck: Neck,
}

const fn size(
    name: &'static str,
    (width, depth): (usize, usize),
    layers: [usize; 4],
    channels: [usize; 4],
    joined: usize,
) -> Size {
    Size { name, width, depth, layers, neck: Neck { channels, width: joined } }
}

/// The sizes that have a name.
pub const SIZES: &[Size] = &[
    size("small", (384, 12), [3, 6, 9, 12], [48, 96, 192, 384], 64),
    size("base", (768, 12), [3, 6, 9, 12], [96, 192, 384, 768], 128),
    size("large", (1024, 24), [5, 12, 18, 24], [256, 512, 1024, 1024], 256),
    size("giant", (1536, 40), [10, 20, 30, 40], [1536, 1536, 1536, 1536], 384),
];

impl Size {
    /// The row of a width and a depth.
    pub fn find(width: usize, depth: usize) -> Option<&'static Size> {
        SIZES.iter().find(|row| (row.width, row.depth) == (width, depth))
    }
}

impl Config {
    /// A size's network, for pictures of 518 pixels a side in training.
    pub fn new(size: &Size, depth: Depth) -> Config {
        let row = vit::SIZES.iter().find(|row| row.width == size.width);
        let heads = row.map_or(size.width / 64, |row| row.heads);
        let named = vit::Size { name: size.name, width: size.width, depth: size.depth, heads };
        let encoder = vit::Config::dinov2(&named, 518, 0);
        Config { encoder, layers: size.layers, neck: size.neck, head: 32, depth }
    }

    /// The same as the authors' code has it: positions are fitted to other pictures in another way, and query, key and
    /// value stored as one.
    #[must_use]
    pub fn of_the_authors(mut self) -> Config {
        self.encoder.layer.query_key_value.stacked = true;
        self.encoder.positions.offset = OFFSET;
        self
    }

    /// The sizes that tensors under this project's names show; `layers` is what they do not show.
    pub(super) fn infer(
        weights: &StateDict,
        encoder: vit::Config,
        layers: Option<[usize; 4]>,
        depth: Depth,
    ) -> Option<Config> {
        let layers = match layers {
            Some(layers) => layers,
            None => Size::find(encoder.width, encoder.depth)?.layers,
        };
        let ascending = layers.is_sorted_by(|a, b| a < b);
        let sound = ascending && layers[0] > 0 && layers[3] <= encoder.depth;
        let &[head, ..] = weights.get("head.conv2.weight").map(Tensor::shape)? else { return None };
        let neck = Neck::infer(weights, "neck")?;
        sound.then_some(Config { encoder, layers, neck, head, depth })
    }

    /// `depth-anything-v2-small`, `depth-anything-v2-metric-small`.
    pub fn name(&self) -> String {
        let metric = if matches!(self.depth, Depth::Metric(_)) { "metric-" } else { "" };
        let row = Size::find(self.encoder.width, self.encoder.depth);
        let size = row.map_or_else(|| self.encoder.width.to_string(), |row| row.name.to_owned());
        format!("depth-anything-v2-{metric}{size}")
    }
}

/// What the authors add to the sides of the grid of positions.
pub(in crate::depth_anything) const OFFSET: f32 = 0.1;

//! What the towers are made of.

use ocelli_engine::op::Activation;

/// Both towers' sizes.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The tower for pictures.
    pub image: ImageTower,
    /// The tower for texts, if there is one.
    pub text: Option<TextTower>,
    /// Length of the vectors.
    pub dimensions: usize,
}

/// The tower for pictures.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageTower {
    /// A vision transformer.
    Transformer(Transformer),
    /// A residual network.
    Residual(Residual),
}

/// The sizes and kinds of a vision transformer.
#[derive(Clone, Debug, PartialEq)]
pub struct Transformer {
    /// Channels of a token.
    pub width: usize,
    /// Layers.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Channels within the feed-forward parts.
    pub hidden: usize,
    /// Pixels a side of a patch.
    pub patch: usize,
    /// Patches a side of a picture.
    pub side: usize,
    /// Within the feed-forward parts.
    pub activation: Activation,
    /// Whether there is a class token.
    pub class_token: bool,
    /// Whether attention knows where the patches are.
    pub rotary: bool,
    /// What becomes the vector.
    pub pooling: Pooling,
    /// How weights are stored.
    pub stored: Stored,
    /// Whether each part of a layer is scaled by channel.
    pub scaled: bool,
}

/// What of the last layer's tokens becomes the vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// The class token.
    Class,
    /// What a learned probe sees of them.
    Attention {
        /// Attention heads.
        heads: usize,
    },
}

/// The sizes of a residual network.
#[derive(Clone, Debug, PartialEq)]
pub struct Residual {
    /// Channels after the stem.
    pub width: usize,
    /// Blocks of each stage.
    pub depths: [usize; 4],
    /// Heads of the attention at the end.
    pub heads: usize,
    /// Pixels a side of the last map.
    pub side: usize,
}

/// The sizes and kinds of the tower for texts.
#[derive(Clone, Debug, PartialEq)]
pub struct TextTower {
    /// Channels of a token.
    pub width: usize,
    /// Layers.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Channels within the feed-forward parts.
    pub hidden: usize,
    /// The most tokens of a text, those that begin and end it among them.
    pub context: usize,
    /// Tokens that there are.
    pub vocabulary: usize,
    /// Within the feed-forward parts.
    pub activation: Activation,
    /// How weights are stored.
    pub stored: Stored,
    /// Whether each part of a layer is scaled by channel.
    pub scaled: bool,
}

/// How weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Query, key and value in one tensor, the last projections as matrices to multiply with from the right.
    OpenAi,
    /// Each as a layer of its own.
    HuggingFace,
}

impl ImageTower {
    /// Pixels a side of a picture.
    pub fn image_side(&self) -> usize {
        match self {
            ImageTower::Transformer(tower) => tower.side * tower.patch,
            ImageTower::Residual(tower) => tower.side * 32,
        }
    }

    /// Whether pictures of other sizes can be taken.
    pub(super) fn any_size(&self) -> bool {
        matches!(self, ImageTower::Transformer(tower) if tower.rotary)
    }
}

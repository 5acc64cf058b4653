//! The sizes that have a name.

use super::config::{Config, ImageTower, Pooling, Residual, Stored, TextTower, Transformer};
use ocelli_engine::op::Activation;

/// A row of [`ROWS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Its name, as open_clip and the authors of the Perception Encoder spell it.
    pub name: &'static str,
    image: Image,
    /// Pixels a side of a picture.
    side: usize,
    /// Width, layers and heads of the tower for texts.
    text: [usize; 3],
    /// Length of the vectors.
    dimensions: usize,
}

/// A tower for pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Image {
    /// Channels of the stem, blocks of each stage.
    Residual(usize, [usize; 4]),
    /// Patch, width, layers, heads, channels of the feed-forward part.
    Transformer([usize; 5]),
    /// The same with rotary positions, and whether there is a class token.
    Perception([usize; 5], bool),
}

const fn clip(name: &'static str, image: Image, side: usize, text: [usize; 3], d: usize) -> Row {
    Row { name, image, side, text, dimensions: d }
}

/// OpenAI's sizes, larger ones of open_clip's, and those of the Perception Encoder.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    clip("RN50", Image::Residual(64, [3, 4, 6, 3]), 224, [512, 12, 8], 1024),
    clip("RN101", Image::Residual(64, [3, 4, 23, 3]), 224, [512, 12, 8], 512),
    clip("RN50x4", Image::Residual(80, [4, 6, 10, 6]), 288, [640, 12, 10], 640),
    clip("RN50x16", Image::Residual(96, [6, 8, 18, 8]), 384, [768, 12, 12], 768),
    clip("RN50x64", Image::Residual(128, [3, 15, 36, 10]), 448, [1024, 12, 16], 1024),
    clip("ViT-B-32", Image::Transformer([32, 768, 12, 12, 3072]), 224, [512, 12, 8], 512),
    clip("ViT-B-16", Image::Transformer([16, 768, 12, 12, 3072]), 224, [512, 12, 8], 512),
    clip("ViT-L-14", Image::Transformer([14, 1024, 24, 16, 4096]), 224, [768, 12, 12], 768),
    clip("ViT-L-14-336", Image::Transformer([14, 1024, 24, 16, 4096]), 336, [768, 12, 12], 768),
    clip("ViT-B-32-256", Image::Transformer([32, 768, 12, 12, 3072]), 256, [512, 12, 8], 512),
    clip("ViT-B-16-plus-240", Image::Transformer([16, 896, 12, 14, 3584]), 240, [640, 12, 10], 640),
    clip("ViT-H-14", Image::Transformer([14, 1280, 32, 16, 5120]), 224, [1024, 24, 16], 1024),
    clip("ViT-H-14-378", Image::Transformer([14, 1280, 32, 16, 5120]), 378, [1024, 24, 16], 1024),
    clip("ViT-g-14", Image::Transformer([14, 1408, 40, 16, 6144]), 224, [1024, 24, 16], 1024),
    clip("ViT-bigG-14", Image::Transformer([14, 1664, 48, 16, 8192]), 224, [1280, 32, 20], 1280),
    clip("PE-Core-T16-384", Image::Perception([16, 192, 12, 3, 768], true), 384, [512, 12, 8], 512),
    clip("PE-Core-S16-384", Image::Perception([16, 384, 12, 6, 1536], true), 384, [512, 12, 8], 512),
    clip("PE-Core-B16-224", Image::Perception([16, 768, 12, 12, 3072], true), 224, [1024, 24, 16], 1024),
    clip("PE-Core-L14-336", Image::Perception([14, 1024, 24, 16, 4096], true), 336, [1024, 24, 16], 1024),
    clip("PE-Core-G14-448", Image::Perception([14, 1536, 50, 16, 8960], false), 448, [1280, 24, 20], 1280),
];

/// Tokens of the vocabulary that all of them share.
const VOCABULARY: usize = 49408;

impl Row {
    /// The row of a name.
    pub fn find(name: &str) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.name == name)
    }

    /// Whether it is one of the Perception Encoder's.
    pub fn perception(&self) -> bool {
        matches!(self.image, Image::Perception(..))
    }

    /// The sizes. `activation` is that of the transformers' layers, which the Perception Encoder's rows know themselves.
    pub fn config(&self, activation: Activation) -> Config {
        let image = self.image(activation);
        let activation = if self.perception() { Activation::Gelu } else { activation };
        let [width, depth, heads] = self.text;
        let context = match self.name {
            "PE-Core-G14-448" => 72,
            _ if self.perception() => 32,
            _ => 77,
        };
        let text = TextTower {
            width,
            depth,
            heads,
            hidden: 4 * width,
            context,
            vocabulary: VOCABULARY,
            activation,
            stored: Stored::OpenAi,
            scaled: false,
        };
        Config { image, text: Some(text), dimensions: self.dimensions }
    }

    fn image(&self, activation: Activation) -> ImageTower {
        let ([patch, width, depth, heads, hidden], perception, class_token) = match self.image {
            Image::Residual(width, depths) => {
                let (heads, side) = (width / 2, self.side / 32);
                return ImageTower::Residual(Residual { width, depths, heads, side });
            }
            Image::Transformer(sizes) => (sizes, false, true),
            Image::Perception(sizes, class_token) => (sizes, true, class_token),
        };
        ImageTower::Transformer(Transformer {
            width,
            depth,
            heads,
            hidden,
            patch,
            side: self.side / patch,
            activation: if perception { Activation::Gelu } else { activation },
            class_token,
            rotary: perception,
            pooling: if perception { Pooling::Attention { heads: 8 } } else { Pooling::Class },
            stored: Stored::OpenAi,
            scaled: false,
        })
    }
}

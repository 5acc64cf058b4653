//! What the tensors of a checkpoint show of the towers.

use ocelli_converters::{StateDict, Tensor};
use ocelli_engine::op::Activation;

use super::config::{Config, ImageTower, Pooling, Residual, Stored, TextTower, Transformer};
use super::description::Told;
use super::rows::{ROWS, Row};

/// Channels of a head, where nothing says otherwise.
const HEAD: usize = 64;
/// Heads of the pooling of the Perception Encoder.
const POOLING_HEADS: usize = 8;
/// The most pixels a side of a patch, and the most patches a side of a picture.
const MAX_SIDE: usize = 1024;

impl Config {
    /// The sizes that tensors under OpenAI's names show; `told` is what they do not show. Nothing if they are no CLIP.
    pub(super) fn infer(weights: &StateDict, told: &Told) -> Option<Config> {
        let apart = weights.contains("visual.transformer.resblocks.0.attn.q_proj.weight");
        let stored = if apart { Stored::HuggingFace } else { Stored::OpenAi };
        let tensors = Tensors { weights, stored };
        let (image, dimensions) = if weights.contains("visual.layer1.0.conv1.weight") {
            let (tower, dimensions) = tensors.residual()?;
            (ImageTower::Residual(tower), dimensions)
        } else {
            let (tower, dimensions) = tensors.transformer(told)?;
            (ImageTower::Transformer(tower), dimensions)
        };
        let text = match tensors.shape("token_embedding.weight") {
            Some(_) => Some(tensors.text(dimensions, told)?),
            None => None,
        };
        let sound = (1..=MAX_SIDE).contains(&image.image_side().div_ceil(32));
        sound.then_some(Config { image, text, dimensions })
    }

    /// Whether it is a Perception Encoder.
    pub(super) fn perception(&self) -> bool {
        matches!(&self.image, ImageTower::Transformer(tower) if tower.rotary)
    }

    /// The row with these sizes, whatever its activation, its context and its vocabulary are.
    pub(super) fn row(&self) -> Option<&'static Row> {
        ROWS.iter().find(|row| {
            let like = row.config(Activation::Gelu);
            let text = match (&self.text, &like.text) {
                (Some(text), Some(like)) => {
                    (text.width, text.depth, text.heads) == (like.width, like.depth, like.heads)
                }
                (None, _) => true,
                _ => false,
            };
            text && self.dimensions == like.dimensions && self.image.same_sizes(&like.image)
        })
    }

    /// The name of the row, or one of the sizes.
    pub(super) fn name(&self, quick: bool) -> String {
        let name = match (self.row(), &self.image) {
            (Some(row), _) => row.name.to_owned(),
            (None, ImageTower::Residual(tower)) => {
                format!("RN-{}-{}", tower.width, self.image.image_side())
            }
            (None, ImageTower::Transformer(tower)) => {
                let family = if tower.rotary { "PE-Core" } else { "ViT" };
                let side = self.image.image_side();
                format!("{family}-{}x{}-{}-{side}", tower.width, tower.depth, tower.patch)
            }
        };
        if quick { name + QUICK } else { name }
    }
}

/// What open_clip appends to the names of networks with OpenAI's activation.
pub(super) const QUICK: &str = "-quickgelu";

impl ImageTower {
    fn same_sizes(&self, other: &ImageTower) -> bool {
        match (self, other) {
            (ImageTower::Residual(a), ImageTower::Residual(b)) => a == b,
            (ImageTower::Transformer(a), ImageTower::Transformer(b)) => {
                let like = Transformer { activation: b.activation, stored: b.stored, ..a.clone() };
                like == *b
            }
            _ => false,
        }
    }
}

/// Tensors, and how they are stored.
struct Tensors<'a> {
    weights: &'a StateDict,
    stored: Stored,
}

impl Tensors<'_> {
    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.weights.get(name).map(Tensor::shape)
    }

    fn count(&self, name: impl Fn(usize) -> String) -> usize {
        (0..self.weights.len()).take_while(|&i| self.weights.contains(&name(i))).count()
    }

    fn residual(&self) -> Option<(Residual, usize)> {
        let &[width, ..] = self.shape("visual.conv3.weight")? else { return None };
        let depth = |stage| self.count(|i| format!("visual.layer{stage}.{i}.conv1.weight"));
        let depths = [1, 2, 3, 4].map(depth);
        let &[places, channels] = self.shape("visual.attnpool.positional_embedding")? else {
            return None;
        };
        let &[dimensions, _] = self.shape("visual.attnpool.c_proj.weight")? else { return None };
        let side = root(places.checked_sub(1)?)?;
        let heads = channels / HEAD;
        let sound = heads > 0 && heads * HEAD == channels && !depths.contains(&0) && side > 0;
        sound.then_some((Residual { width, depths, heads, side }, dimensions))
    }

    fn transformer(&self, told: &Told) -> Option<(Transformer, usize)> {
        let &[width, 3, patch, across] = self.shape("visual.conv1.weight")? else { return None };
        let (depth, hidden) = self.layers("visual.transformer")?;
        let class_token = self.shape("visual.class_embedding").is_some();
        let &[places, _] = self.shape("visual.positional_embedding")? else { return None };
        let side = root(places.checked_sub(usize::from(class_token))?)?;
        let rotary = self.shape("visual.attn_pool.probe").is_some();
        let pooling =
            if rotary { Pooling::Attention { heads: POOLING_HEADS } } else { Pooling::Class };
        let known = || {
            let like = |row: &Row| match row.config(Activation::Gelu).image {
                ImageTower::Transformer(like) => Some(like),
                ImageTower::Residual(_) => None,
            };
            let same = |like: &Transformer| {
                (like.width, like.depth, like.rotary) == (width, depth, rotary)
            };
            ROWS.iter().filter_map(like).find(same).map(|like| like.heads)
        };
        let heads = told.image_heads.or_else(known).unwrap_or(width / HEAD);
        let dimensions = self.projection("visual.proj", width)?;
        let places = side > 0 && side <= MAX_SIDE && (1..=MAX_SIDE).contains(&patch);
        let sound = places && patch == across && heads > 0 && width.is_multiple_of(heads);
        let tower = Transformer {
            width,
            depth,
            heads,
            hidden,
            patch,
            side,
            activation: if rotary { Activation::Gelu } else { told.image_activation },
            class_token,
            rotary,
            pooling,
            stored: self.stored,
            scaled: self.shape("visual.transformer.resblocks.0.ls_1.gamma").is_some(),
        };
        let paired = !rotary || (width / heads.max(1)).is_multiple_of(4);
        (sound && paired && (class_token || rotary)).then_some((tower, dimensions))
    }

    fn text(&self, dimensions: usize, told: &Told) -> Option<TextTower> {
        let &[vocabulary, width] = self.shape("token_embedding.weight")? else { return None };
        let &[context, _] = self.shape("positional_embedding")? else { return None };
        let (depth, hidden) = self.layers("transformer")?;
        let heads = told.text_heads.unwrap_or(width / HEAD);
        let fits = self.projection("text_projection", width)? == dimensions;
        // Numbers of tokens travel as f32, which knows them apart up to here.
        let numbers = (3..1 << 24).contains(&vocabulary) && (2..=1 << 16).contains(&context);
        let tower = TextTower {
            width,
            depth,
            heads,
            hidden,
            context,
            vocabulary,
            activation: told.text_activation,
            stored: self.stored,
            scaled: self.shape("transformer.resblocks.0.ls_1.gamma").is_some(),
        };
        (fits && numbers && heads > 0 && width.is_multiple_of(heads)).then_some(tower)
    }

    /// Depth, and channels within the feed-forward parts.
    fn layers(&self, tower: &str) -> Option<(usize, usize)> {
        let depth = self.count(|i| format!("{tower}.resblocks.{i}.ln_1.weight"));
        match self.shape(&format!("{tower}.resblocks.0.mlp.c_fc.weight"))? {
            &[hidden, _] => Some((depth, hidden)),
            _ => None,
        }
    }

    /// What a projection of `width` channels leads to.
    fn projection(&self, name: &str, width: usize) -> Option<usize> {
        let (found, to) = match self.stored {
            Stored::OpenAi => {
                self.shape(name).and_then(|shape| Some((shape.first()?, shape.get(1)?)))
            }
            Stored::HuggingFace => self
                .shape(&format!("{name}.weight"))
                .and_then(|shape| Some((shape.get(1)?, shape.first()?))),
        }?;
        (*found == width).then_some(*to)
    }
}

/// The side of a square.
fn root(places: usize) -> Option<usize> {
    let side = places.isqrt();
    (side * side == places).then_some(side)
}

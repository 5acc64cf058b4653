//! The sizes there are, and what the tensors of a checkpoint show of them.

use ocelli_converters::{StateDict, Tensor};
use ocelli_engine::op::Activation;
use serde_json::{Value, json};

use crate::{Error, Result};

/// A network's sizes and kinds. Biases are where the checkpoint has some.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Channels of a token.
    pub width: usize,
    /// Layers.
    pub depth: usize,
    /// Attention heads.
    pub heads: usize,
    /// Channels within the feed-forward part.
    pub hidden: usize,
    /// Whether that part has a gate.
    pub gated: bool,
    /// Pixels a side of a patch.
    pub patch: usize,
    /// Tokens without a place in the image, besides the class token.
    pub registers: usize,
    /// Whether query, key and value are stored one below the other.
    pub stacked: bool,
    /// Classes, if there is a classifier.
    pub classes: Option<usize>,
    /// Of the norms.
    pub(super) eps: f32,
    /// The longest period of the rotary positions.
    pub(super) theta: f32,
    /// Within the feed-forward part.
    pub(super) activation: Activation,
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
    /// Channels within the feed-forward part.
    pub hidden: usize,
    /// Whether that part has a gate.
    pub gated: bool,
}

const fn size(
    name: &'static str,
    (width, depth, heads): (usize, usize, usize),
    hidden: usize,
    gated: bool,
) -> Size {
    Size { name, width, depth, heads, hidden, gated }
}

/// The sizes that have a name.
pub const SIZES: &[Size] = &[
    size("tiny", (192, 12, 3), 768, false),
    size("small", (384, 12, 6), 1536, false),
    size("small_plus", (384, 12, 6), 1536, true),
    size("base", (768, 12, 12), 3072, false),
    size("large", (1024, 24, 16), 4096, false),
    size("huge_plus", (1280, 32, 20), 5120, true),
    size("7b", (4096, 40, 32), 8192, true),
];

/// What tensors do not show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    heads: usize,
    eps: f32,
    theta: f32,
    activation: Activation,
}

impl Size {
    fn find(width: usize, depth: usize, gated: bool) -> Option<&'static Size> {
        SIZES.iter().find(|row| (row.width, row.depth, row.gated) == (width, depth, gated))
    }
}

impl Config {
    /// A size's network, as `transformers` stores it.
    pub fn new(size: &Size) -> Config {
        let &Size { width, depth, heads, hidden, gated, .. } = size;
        let Told { eps, theta, activation, .. } = Told::usual(heads, gated);
        let (patch, registers, stacked, classes) = (16, 4, false, None);
        Config {
            width,
            depth,
            heads,
            hidden,
            gated,
            patch,
            registers,
            stacked,
            classes,
            eps,
            theta,
            activation,
        }
    }

    /// The sizes that tensors under this project's names show. `told` is what they do not show; without it, it is what the
    /// published models have, if the size has a name.
    pub(super) fn infer(weights: &StateDict, told: Option<Told>) -> Option<Config> {
        let shape = |name: &str| weights.get(name).map(Tensor::shape);
        let &[width, 3, patch, across] = shape("embeddings.patch_embeddings.weight")? else {
            return None;
        };
        let depth = (0..weights.len())
            .take_while(|i| weights.contains(&format!("layer.{i}.norm1.weight")))
            .count();
        let registers = match shape("embeddings.register_tokens") {
            None => 0,
            Some(&[1, count, _]) => count,
            Some(_) => return None,
        };
        let gated = weights.contains("layer.0.mlp.gate_proj.weight");
        let &[hidden, _] = shape("layer.0.mlp.up_proj.weight")? else { return None };
        let told = match told {
            Some(told) => told,
            None => Told::usual(Size::find(width, depth, gated)?.heads, gated),
        };
        let classes = match shape("linear_layer.weight") {
            None => None,
            Some(&[classes, _]) => Some(classes),
            Some(_) => return None,
        };
        let stacked = weights.contains("layer.0.attention.qkv.weight");
        let Told { heads, eps, theta, activation } = told;
        let whole = heads > 0 && width.is_multiple_of(heads) && (width / heads).is_multiple_of(4);
        let sound = (1..=1024).contains(&patch) && patch == across && depth > 0 && whole;
        sound.then_some(Config {
            width,
            depth,
            heads,
            hidden,
            gated,
            patch,
            registers,
            stacked,
            classes,
            eps,
            theta,
            activation,
        })
    }

    /// `dinov3_small_plus_patch16`.
    pub fn name(&self) -> String {
        format!("dinov3_{}_patch{}", self.size_name(), self.patch)
    }

    /// `vit_small_plus_patch16_dinov3`, as timm calls it.
    pub(super) fn name_in_timm(&self) -> String {
        format!("vit_{}_patch{}_dinov3", self.size_name(), self.patch)
    }

    fn size_name(&self) -> String {
        let row = Size::find(self.width, self.depth, self.gated);
        row.map_or_else(|| self.width.to_string(), |row| row.name.to_owned())
    }

    /// What a package says of it, so that [`told`] reads the same of it.
    pub(super) fn described(&self) -> Value {
        json!({
            "model_type": MODEL_TYPE,
            "num_attention_heads": self.heads,
            "layer_norm_eps": f64::from(self.eps),
            "rope_theta": f64::from(self.theta),
            "hidden_act": if self.activation == Activation::Silu { "silu" } else { "gelu" },
        })
    }
}

impl Told {
    fn usual(heads: usize, gated: bool) -> Told {
        let activation = if gated { Activation::Silu } else { Activation::Gelu };
        Told { heads, eps: 1e-5, theta: 100.0, activation }
    }
}

const MODEL_TYPE: &str = "dinov3_vit";

/// What the configuration of `transformers` says beyond the tensors; nothing of other files.
pub(super) fn told(config: &Value) -> Result<Option<Told>> {
    if config["model_type"] != MODEL_TYPE {
        return Ok(None);
    }
    let wrong = |key: &str| Error::BadPackage(format!("`config.json`: {key} {}", config[key]));
    let number = |key: &str, usual: f64| match &config[key] {
        Value::Null => Ok(usual),
        value => value.as_f64().filter(|v| *v > 0.0 && v.is_finite()).ok_or_else(|| wrong(key)),
    };
    let theta = match config["rope_parameters"]["rope_theta"].as_f64() {
        Some(theta) => theta,
        None => number("rope_theta", 100.0)?,
    };
    let activation = match config["hidden_act"].as_str() {
        None | Some("gelu") => Activation::Gelu,
        Some("silu" | "swish") => Activation::Silu,
        Some(_) => return Err(wrong("hidden_act")),
    };
    Ok(Some(Told {
        heads: number("num_attention_heads", 6.0)? as usize,
        eps: number("layer_norm_eps", 1e-5)? as f32,
        theta: theta as f32,
        activation,
    }))
}

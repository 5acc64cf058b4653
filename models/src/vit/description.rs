//! What a `config.json` says of a vision transformer.

use ocelli_engine::op::Activation;
use serde_json::{Value, json};

use super::config::{Config, SIZES, Told};
use crate::blocks::layer::Feed;
use crate::{Error, Result};

/// Whether a name of timm's is one of a plain transformer, `vit_base_patch16_224` or `deit_tiny_patch16_224`, or of
/// DINOv2's, `vit_small_patch14_reg4_dinov2`.
pub(super) fn known_to_timm(name: &str, dinov2: bool) -> bool {
    let name = name.split_once('.').map_or(name, |(name, _)| name);
    let parts: Vec<&str> = name.split('_').collect();
    let ([family, size, patch], rest) = match &*parts {
        [family, size, patch, rest @ ..] => ([family, size, patch], rest),
        _ => return false,
    };
    let number = |text: &str| text.parse::<usize>().is_ok();
    let known = SIZES.iter().any(|row| row.name == *size);
    if !known || !patch.strip_prefix("patch").is_some_and(number) {
        return false;
    }
    match (*family, rest, dinov2) {
        ("vit" | "deit", [side], false) => number(side),
        ("vit", ["dinov2"] | ["reg4", "dinov2"], true) => true,
        _ => false,
    }
}

/// `transformers`' names.
const ACTIVATIONS: [(&str, Activation); 7] = [
    ("gelu", Activation::Gelu),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("quick_gelu", Activation::QuickGelu),
    ("relu", Activation::Relu),
    ("silu", Activation::Silu),
    ("swish", Activation::Silu),
];

/// What a package says of an encoder, so that [`told`] reads the same of it.
pub(crate) fn encoder(config: &Config) -> Value {
    let same = |feed: Feed, activation: Activation| feed == Feed::Plain(activation);
    let name = ACTIVATIONS.iter().find(|(_, activation)| same(config.layer.feed, *activation));
    json!({
        "model_type": if config.layer.scaled { "dinov2" } else { "vit" },
        "num_attention_heads": config.layer.heads,
        "layer_norm_eps": f64::from(config.layer.eps),
        "hidden_act": name.map_or("gelu", |(name, _)| *name),
        "antialias": config.positions.antialias,
    })
}

/// What `transformers`' configuration says beyond the tensors; nothing of other files.
pub(crate) fn told(config: &Value, dinov2: bool) -> Result<Option<Told>> {
    if config.get("architectures").is_none() && config.get("model_type").is_none() {
        return Ok(None);
    }
    let wrong = |key: &str| Error::BadPackage(format!("`config.json`: {key} {}", config[key]));
    let heads = match &config["num_attention_heads"] {
        Value::Null => 12,
        value => value
            .as_u64()
            .filter(|&heads| heads > 0)
            .and_then(|heads| heads.try_into().ok())
            .ok_or_else(|| wrong("num_attention_heads"))?,
    };
    let usual = if dinov2 { 1e-6 } else { 1e-12 };
    let eps = match &config["layer_norm_eps"] {
        Value::Null => usual,
        value => value.as_f64().filter(|&eps| eps >= 0.0).ok_or_else(|| wrong("layer_norm_eps"))?,
    };
    let name = config["hidden_act"].as_str().unwrap_or("gelu");
    let activation = ACTIVATIONS.iter().find(|(known, _)| *known == name);
    let &(_, activation) = activation.ok_or_else(|| wrong("hidden_act"))?;
    let registers = config["model_type"] == "dinov2_with_registers";
    let antialias = config["antialias"].as_bool().unwrap_or(registers);
    Ok(Some(Told { heads, eps: eps as f32, activation, antialias }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_transformers_are_told_from_their_kin() {
        let rows = [
            ("vit_base_patch16_224.augreg2_in21k_ft_in1k", false, true),
            ("deit_tiny_patch16_224", false, true),
            ("vit_small_patch14_dinov2.lvd142m", true, true),
            ("vit_small_patch14_reg4_dinov2", true, true),
            ("vit_base_patch16_clip_224", false, false),
            ("vit_base_patch16_rope_224", false, false),
            ("vit_medium_patch16_224", false, false),
            ("resnet50", false, false),
        ];
        for (name, dinov2, known) in rows {
            assert_eq!(known_to_timm(name, dinov2), known, "{name}");
        }
    }
}

//! What stands beside the weights: what tensors do not show, and how pictures are prepared.

use ocelli_converters::StateDict;
use ocelli_engine::op::Activation;
use ocelli_vision::resize::Filter;
use serde_json::{Value, json};

use super::config::{Config, ImageTower};
use super::infer::QUICK;
use crate::classification::{Beside, CLIP_NORMALISATION, HALF, Transform};
use crate::registry::LoadRequest;
use crate::tokenizer::Manner;
use crate::{Error, Result};

/// The key of `model_initialization` under which a package of ours has what tensors do not show.
pub(super) const TOWERS: &str = "towers";
/// Tensors of OpenAI's archives, and of no other files.
const MARKS: [&str; 3] = ["input_resolution", "context_length", "vocab_size"];

/// What tensors do not show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) image_heads: Option<usize>,
    pub(super) text_heads: Option<usize>,
    pub(super) image_activation: Activation,
    pub(super) text_activation: Activation,
    /// How texts are read.
    pub(super) manner: Manner,
}

impl Told {
    /// Of networks without a description.
    pub(super) fn usual(activation: Activation) -> Told {
        Told {
            image_heads: None,
            text_heads: None,
            image_activation: activation,
            text_activation: activation,
            manner: Manner::OpenAi,
        }
    }

    /// What a request says: by the description of `transformers` or of open_clip, by that of a package of ours, by the
    /// name of the variant, or by the marks of OpenAI's archives.
    ///
    /// # Errors
    /// Nothing says which activation the layers have, or the description asks for what there is not.
    pub(super) fn read(
        request: &LoadRequest,
        beside: &Beside,
        weights: &StateDict,
    ) -> Result<Told> {
        if let Some(config) = &beside.config {
            let config = match &config["model_cfg"] {
                Value::Null => return hugging_face(config),
                open_clip => open_clip,
            };
            return open_clip(config);
        }
        if let Some(ours) = beside.initialization(TOWERS) {
            return self::ours(ours);
        }
        let gelu = Told::usual(Activation::Gelu);
        let quick = Told::usual(Activation::QuickGelu);
        let perception = weights.contains("visual.attn_pool.probe");
        let packaged = request.package.as_ref();
        let said = request.options.model_type.as_deref();
        let said = said.or_else(|| packaged?.model_type.as_deref());
        let archive = packaged.is_some() || MARKS.iter().all(|mark| weights.contains(mark));
        match said {
            _ if perception => Ok(Told { manner: Manner::OpenClip, ..gelu }),
            _ if archive => Ok(quick),
            Some(said) if said.ends_with(QUICK) => Ok(quick),
            Some(said) if said != "clip" => Ok(gelu),
            _ => {
                let found = Config::infer(weights, &gelu).map(|config| config.name(false));
                let name = found.unwrap_or_else(|| "clip".to_owned());
                Err(Error::Ambiguous {
                    file: request.weights.file().to_owned(),
                    candidates: format!("`{name}{QUICK}`, as OpenAI trains it, and `{name}`"),
                })
            }
        }
    }

    /// What a package says, so that [`Told::read`] reads the same of it.
    pub(super) fn write(&self, config: &Config) -> Value {
        let name = |activation| {
            let known = ACTIVATIONS.iter().find(|(_, known)| *known == activation);
            known.map(|(name, _)| *name)
        };
        let image = match &config.image {
            ImageTower::Transformer(tower) => Some((tower.heads, name(tower.activation))),
            ImageTower::Residual(_) => None,
        };
        let text = config.text.as_ref().map(|tower| (tower.heads, name(tower.activation)));
        json!({
            "image_heads": image.map(|(heads, _)| heads),
            "image_activation": image.and_then(|(_, name)| name),
            "text_heads": text.map(|(heads, _)| heads),
            "text_activation": text.and_then(|(_, name)| name),
            "texts": MANNERS.iter().find(|row| row.1 == self.manner).map(|row| row.0),
        })
    }
}

/// The names of `transformers`.
const ACTIVATIONS: [(&str, Activation); 5] = [
    ("quick_gelu", Activation::QuickGelu),
    ("gelu", Activation::Gelu),
    ("gelu_new", Activation::GeluTanh),
    ("gelu_pytorch_tanh", Activation::GeluTanh),
    ("relu", Activation::Relu),
];

/// The names in packages of ours.
const MANNERS: [(&str, Manner); 3] = [
    ("openai", Manner::OpenAi),
    ("open-clip", Manner::OpenClip),
    ("transformers", Manner::Transformers),
];

fn wrong(key: &str, value: &Value) -> Error {
    Error::BadPackage(format!("description of the towers: {key} {value} is not known"))
}

fn activation(config: &Value, key: &str) -> Result<Activation> {
    let value = &config[key];
    let name = value.as_str().unwrap_or(if value.is_null() { "quick_gelu" } else { "" });
    let known = ACTIVATIONS.iter().find(|(known, _)| *known == name);
    known.map(|&(_, activation)| activation).ok_or_else(|| wrong(key, value))
}

fn heads(config: &Value, key: &str, usual: Option<usize>) -> Result<Option<usize>> {
    match &config[key] {
        Value::Null => Ok(usual),
        value => match value.as_u64().and_then(|heads| usize::try_from(heads).ok()) {
            Some(heads) if heads > 0 => Ok(Some(heads)),
            _ => Err(wrong(key, value)),
        },
    }
}

fn ours(config: &Value) -> Result<Told> {
    let texts = &config["texts"];
    let manner = MANNERS.iter().find(|row| texts == row.0).map(|row| row.1);
    Ok(Told {
        manner: manner.ok_or_else(|| wrong("texts", texts))?,
        image_heads: heads(config, "image_heads", None)?,
        text_heads: heads(config, "text_heads", None)?,
        image_activation: activation(config, "image_activation")?,
        text_activation: activation(config, "text_activation")?,
    })
}

/// `config.json` of a whole model, or of the tower for pictures alone.
fn hugging_face(config: &Value) -> Result<Told> {
    let whole = config.get("vision_config");
    let (image, text) = (whole.unwrap_or(config), &config["text_config"]);
    for part in [image, text] {
        let eps = &part["layer_norm_eps"];
        if eps.as_f64().is_some_and(|eps| (eps - 1e-5).abs() > 1e-9) {
            return Err(wrong("layer_norm_eps", eps));
        }
    }
    Ok(Told {
        manner: Manner::Transformers,
        image_heads: heads(image, "num_attention_heads", Some(12))?,
        text_heads: heads(text, "num_attention_heads", Some(8))?,
        image_activation: activation(image, "hidden_act")?,
        text_activation: activation(text, "hidden_act")?,
    })
}

/// What the towers of `open_clip_config.json` may say without being other networks than those that there are here; the
/// sizes among it are shown by the tensors.
const KNOWN: [(&str, &[&str]); 2] = [
    (
        "vision_cfg",
        &[
            "image_size",
            "layers",
            "width",
            "head_width",
            "patch_size",
            "mlp_ratio",
            "patch_dropout",
            "ls_init_value",
        ],
    ),
    (
        "text_cfg",
        &["context_length", "vocab_size", "width", "heads", "layers", "mlp_ratio", "ls_init_value"],
    ),
];

/// The `model_cfg` of `open_clip_config.json`.
fn open_clip(config: &Value) -> Result<Told> {
    let usual = |value: &Value| {
        let name =
            value.as_str().is_some_and(|name| ["tok", "argmax", "learnable"].contains(&name));
        name || value.is_null() || *value == false
    };
    for (tower, known) in KNOWN {
        let rows = config[tower].as_object().into_iter().flatten();
        for (key, value) in rows {
            if !known.contains(&&**key) && !usual(value) {
                return Err(wrong(&format!("{tower}.{key}"), value));
            }
        }
    }
    let quick = config["quick_gelu"] == true;
    let activation = if quick { Activation::QuickGelu } else { Activation::Gelu };
    let (image, text) = (&config["vision_cfg"], &config["text_cfg"]);
    let each = heads(image, "head_width", Some(64))?.unwrap_or(64);
    let width = heads(image, "width", Some(768))?.unwrap_or(768);
    Ok(Told {
        image_heads: Some(width / each),
        text_heads: heads(text, "heads", Some(8))?,
        manner: Manner::OpenClip,
        ..Told::usual(activation)
    })
}

/// How pictures are prepared: as the description says, else as the authors do.
pub(super) fn transform(beside: &Beside, config: &Config) -> Result<Transform> {
    let side = config.image.image_side();
    let usual = if config.perception() {
        Transform::stretched(side, HALF)
    } else {
        Transform {
            normalisation: Some(CLIP_NORMALISATION),
            ..Transform::torchvision(side, side, Filter::Bicubic)
        }
    };
    match beside.config.as_ref().filter(|config| !config["model_cfg"].is_null()) {
        Some(config) => open_clip_transform(&config["preprocess_cfg"], usual, side),
        None => beside.transform(&usual),
    }
}

/// The `preprocess_cfg` of `open_clip_config.json`.
fn open_clip_transform(config: &Value, usual: Transform, side: usize) -> Result<Transform> {
    let three = |key: &str, usual: [f64; 3]| match &config[key] {
        Value::Null => Ok(usual),
        list => serde_json::from_value(list.clone()).map_err(|_| wrong(key, list)),
    };
    let [mean, deviation] = usual.normalisation.unwrap_or(CLIP_NORMALISATION);
    let normalisation = Some([three("mean", mean)?, three("std", deviation)?]);
    let filter = match config["interpolation"].as_str() {
        None | Some("bicubic") => Filter::Bicubic,
        Some("bilinear") => Filter::Bilinear,
        Some(_) => return Err(wrong("interpolation", &config["interpolation"])),
    };
    let fitted = match config["resize_mode"].as_str() {
        None | Some("shortest") => usual,
        Some("squash") => Transform::stretched(side, HALF),
        Some(_) => return Err(wrong("resize_mode", &config["resize_mode"])),
    };
    Ok(Transform { filter, normalisation, ..fitted })
}

#[cfg(test)]
mod tests;

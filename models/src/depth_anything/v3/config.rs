//! The sizes there are, and what the tensors of a checkpoint show of them.

use ocelli_converters::{StateDict, Tensor};
use serde_json::{Value, json};

use crate::depth_anything::dpt::Neck;
use crate::depth_anything::v2::OFFSET;
use crate::vit::{self, Layout};
use crate::{Error, Result};

/// A network's sizes and kinds.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// DINOv2.
    pub encoder: vit::Config,
    /// The first of its layers, counted from 0, that has normed and turned queries and keys; before it the camera's token
    /// takes the place of the class token.
    pub start: usize,
    /// After which layers the head takes the tokens, counted from 0.
    pub layers: [usize; 4],
    /// The neck.
    pub neck: Neck,
    /// Channels before the depth.
    pub head: usize,
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
    /// See [`Config::start`].
    pub start: usize,
    /// See [`Config::layers`].
    pub layers: [usize; 4],
    /// The neck.
    pub neck: Neck,
}

const fn neck(channels: [usize; 4], width: usize) -> Neck {
    Neck { channels, width }
}

/// The sizes that have a name.
pub const SIZES: &[Size] = &[
    Size {
        name: "small",
        width: 384,
        depth: 12,
        start: 4,
        layers: [5, 7, 9, 11],
        neck: neck([48, 96, 192, 384], 64),
    },
    Size {
        name: "base",
        width: 768,
        depth: 12,
        start: 4,
        layers: [5, 7, 9, 11],
        neck: neck([96, 192, 384, 768], 128),
    },
    Size {
        name: "large",
        width: 1024,
        depth: 24,
        start: 8,
        layers: [11, 15, 19, 23],
        neck: neck([256, 512, 1024, 1024], 256),
    },
    Size {
        name: "giant",
        width: 1536,
        depth: 40,
        start: 13,
        layers: [19, 27, 33, 39],
        neck: neck([256, 512, 1024, 1024], 256),
    },
];

impl Size {
    fn find(width: usize, depth: usize) -> Option<&'static Size> {
        SIZES.iter().find(|row| (row.width, row.depth) == (width, depth))
    }
}

/// What tensors do not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    start: usize,
    layers: [usize; 4],
}

impl Config {
    /// A size's network.
    pub fn new(size: &Size) -> Config {
        let row = vit::SIZES.iter().find(|row| row.width == size.width);
        let heads = row.map_or(size.width / 64, |row| row.heads);
        let named = vit::Size { name: size.name, width: size.width, depth: size.depth, heads };
        let mut encoder = vit::Config::dinov2(&named, 518, 0);
        encoder.positions.offset = OFFSET;
        encoder.layer.query_key_value.stacked = true;
        Config { encoder, start: size.start, layers: size.layers, neck: size.neck, head: 32 }
    }

    /// The sizes that tensors under this project's names show.
    pub(super) fn infer(weights: &StateDict, told: Option<Told>) -> Option<Config> {
        let inner = weights.subset("", "backbone.");
        let mut encoder = vit::Config::infer(&inner, Layout::HuggingFaceDinov2, None)?;
        encoder.positions.offset = OFFSET;
        let row = Size::find(encoder.width, encoder.depth);
        let usual = || row.map(|row| Told { start: row.start, layers: row.layers });
        let Told { start, layers } = told.or_else(usual)?;
        let normed = |i: usize| {
            inner.contains(&format!("encoder.layer.{i}.attention.attention.q_norm.weight"))
        };
        let shown = (0..encoder.depth).all(|i| normed(i) == (i >= start));
        let &[head, ..] = weights.get("head.conv2.weight").map(Tensor::shape)? else { return None };
        let neck = Neck::infer(weights, "neck")?;
        let sound = layers.is_sorted_by(|a, b| a < b) && layers[3] < encoder.depth && shown;
        sound.then_some(Config { encoder, start, layers, neck, head })
    }

    /// `depth-anything-v3-small`.
    pub fn name(&self) -> String {
        let row = Size::find(self.encoder.width, self.encoder.depth);
        let size = row.map_or_else(|| self.encoder.width.to_string(), |row| row.name.to_owned());
        format!("depth-anything-v3-{size}")
    }

    /// What a package says of it, so that [`told`] reads the same of it.
    pub(super) fn described(&self) -> Value {
        json!({ "net": {
            "out_layers": self.layers,
            "alt_start": self.start,
            "qknorm_start": self.start,
            "rope_start": self.start,
            "cat_token": true,
        }})
    }
}

/// Whether a `config.json` is one of these.
pub(super) fn known(config: &Value) -> bool {
    let inner = config.get("config").unwrap_or(config);
    inner["net"]["out_layers"].is_array() && inner.get("head").is_some()
}

/// What a `config.json` says beyond the tensors; what it leaves out is as in upstream's package.
pub(super) fn told(config: &Value) -> Result<Told> {
    let net = &config.get("config").unwrap_or(config)["net"];
    let wrong = |key: &str| {
        Error::BadPackage(format!("`config.json`: net.{key} {} is not known", net[key]))
    };
    let count = |key: &str| match &net[key] {
        Value::Null => Ok(4),
        value => {
            let count = value.as_u64().and_then(|count| usize::try_from(count).ok());
            count.ok_or_else(|| wrong(key))
        }
    };
    let start = count("alt_start")?;
    for key in ["qknorm_start", "rope_start"] {
        if count(key)? != start {
            return Err(wrong(key));
        }
    }
    if net["cat_token"] == false {
        return Err(wrong("cat_token"));
    }
    let layers = match &net["out_layers"] {
        Value::Null => [5, 7, 9, 11],
        value => serde_json::from_value(value.clone()).map_err(|_| wrong("out_layers"))?,
    };
    Ok(Told { start, layers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood_or_named() {
        let config = Config::new(&SIZES[2]);
        let found = told(&config.described()).unwrap();
        assert_eq!(found, Told { start: 8, layers: [11, 15, 19, 23] });
        let net = json!({"out_layers": [5, 7, 9, 11], "alt_start": 4});
        let config = json!({"config": {"net": net, "head": {}}, "model_name": "da3-small"});
        assert!(known(&config) && !known(&json!({"architectures": []})));
        assert_eq!(told(&config).unwrap(), Told { start: 4, layers: [5, 7, 9, 11] });
        for (net, part) in [
            (json!({"alt_start": -1}), "alt_start -1"),
            (json!({"rope_start": 5}), "rope_start 5"),
            (json!({"cat_token": false}), "cat_token"),
            (json!({"out_layers": [1]}), "out_layers [1]"),
        ] {
            let error = told(&json!({ "net": net })).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}

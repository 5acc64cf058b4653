//! The network.

use ocelli_engine::op::Reduce;
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::config::{Config, Pooling};

/// What there is of a network in a graph.
#[derive(Clone, Debug)]
pub struct Network {
    /// Tokens after the embedding and after each layer, `[n, t, d]`: class token, registers, patches row by row.
    pub hidden: Vec<Value>,
    /// Tokens after the last norm.
    pub tokens: Value,
    /// The class token of those, `[n, d]`.
    pub class: Value,
    /// `[n, classes]`, if there is a classifier.
    pub logits: Option<Value>,
}

/// Image `[n, h, w, 3]`, whose sides are multiples of the patch, to tokens and logits.
///
/// # Errors
/// A weight is missing or has another shape, or the image's sides do not divide.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let mut x = embed(g, &w.at("embeddings"), image, config)?;
    let seen: [usize; 3] = g.dims("vit", x)?;
    let mut hidden = vec![x];
    for i in 0..config.depth {
        x = config.layer.describe(g, &w.at("encoder.layer").at(i), x, seen)?;
        hidden.push(x);
    }
    let tokens = g.layer_norm(x, &w.at("layernorm"), config.layer.eps)?;
    let [n, t, d] = seen;
    let class = g.slice(tokens, 1, 0..1)?;
    let class = g.reshape(class, &[n, d])?;
    let pooled = match config.pooling {
        Pooling::Class => class,
        Pooling::ClassAndMean => {
            let patches = g.slice(tokens, 1, 1 + config.registers..t)?;
            let mean = g.reduce(patches, Reduce::Mean, 1..2)?;
            let mean = g.reshape(mean, &[n, d])?;
            g.concat(&[class, mean], 1)?
        }
    };
    let logits = match config.classes {
        Some(classes) => Some(g.linear(pooled, &w.at("classifier"), classes)?),
        None => None,
    };
    Ok(Network { hidden, tokens, class, logits })
}

/// Image `[n, h, w, 3]` to tokens `[n, 1 + registers + patches, d]`.
pub(crate) fn embed(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Value> {
    let &Config { width: d, patch, registers, .. } = config;
    let [n, h, across, _] = g.dims("vit", image)?;
    if !h.is_multiple_of(patch) || !across.is_multiple_of(patch) || h * across == 0 {
        let what = format!("a {across}x{h} image, whose sides must be multiples of {patch}");
        return Err(Error::Shape { op: "vit", what });
    }
    let conv = Conv::k(patch).stride(patch);
    let x = g.conv(image, &w.at("patch_embeddings.projection"), d, conv)?;
    let grid = [h / patch, across / patch];
    let class = g.constant(w.get("cls_token", &[1, 1, d])?);
    let (class, positions) = if config.class_position {
        let (position, grid) = config.positions.describe(g, w, d, grid)?;
        (g.add(class, position)?, grid)
    } else {
        (class, config.positions.of_patches(g, w, d, grid)?)
    };
    let x = g.add(x, positions)?;
    let patches = g.reshape(x, &[n, grid[0] * grid[1], d])?;
    let class = g.expand(class, &[n, 1, d])?;
    if registers == 0 {
        return g.concat(&[class, patches], 1);
    }
    let tokens = g.constant(w.get("register_tokens", &[1, registers, d])?);
    let tokens = g.expand(tokens, &[n, registers, d])?;
    g.concat(&[class, tokens, patches], 1)
}

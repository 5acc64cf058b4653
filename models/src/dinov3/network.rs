//! The network.

use std::f32::consts::TAU;

use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::config::Config;
use super::layer::layer;
use crate::blocks::rotary::Rotary;

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
    let [n, h, across, _] = g.dims("dinov3", image)?;
    let &Config { width: d, patch, registers, .. } = config;
    if !h.is_multiple_of(patch) || !across.is_multiple_of(patch) || h * across == 0 {
        let what = format!("a {across}x{h} image, whose sides must be multiples of {patch}");
        return Err(Error::Shape { op: "dinov3", what });
    }
    let grid = [h / patch, across / patch];
    let mut x = embed(g, &w.at("embeddings"), image, config)?;
    let rotary = rotary(g, 1 + registers, grid, config)?;
    let mut hidden = vec![x];
    for i in 0..config.depth {
        x = layer(g, &w.at("layer").at(i), x, &rotary, config)?;
        hidden.push(x);
    }
    let tokens = g.layer_norm(x, &w.at("norm"), config.eps)?;
    let class = g.slice(tokens, 1, 0..1)?;
    let class = g.reshape(class, &[n, d])?;
    let logits = match config.classes {
        Some(classes) => Some(g.linear(class, &w.at("linear_layer"), classes)?),
        None => None,
    };
    Ok(Network { hidden, tokens, class, logits })
}

/// Image `[n, h, w, 3]` to tokens `[n, 1 + registers + patches, d]`.
fn embed(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Value> {
    let &Config { width: d, patch, registers, .. } = config;
    let x = g.conv(image, &w.at("patch_embeddings"), d, Conv::k(patch).stride(patch))?;
    let [n, h, across, _] = g.dims("dinov3", x)?;
    let patches = g.reshape(x, &[n, h * across, d])?;
    let class = g.constant(w.get("cls_token", &[1, 1, d])?);
    let class = g.expand(class, &[n, 1, d])?;
    if registers == 0 {
        return g.concat(&[class, patches], 1);
    }
    let tokens = g.constant(w.get("register_tokens", &[1, registers, d])?);
    let tokens = g.expand(tokens, &[n, registers, d])?;
    g.concat(&[class, tokens, patches], 1)
}

/// Angles of the places of patches, from -1 to 1 down and across, in periods up to `theta`; the first tokens have none.
fn rotary(
    g: &mut Graph,
    first: usize,
    [rows, columns]: [usize; 2],
    config: &Config,
) -> Result<Rotary> {
    let channels = config.width / config.heads;
    let quarter = channels / 4;
    let place = |at: usize, of: usize| 2.0 * ((at as f32 + 0.5) / of as f32) - 1.0;
    let angle = |token: usize, channel: usize| {
        let Some(patch) = token.checked_sub(first) else { return 0.0 };
        let within = channel % (channels / 2);
        let place = match within / quarter {
            0 => place(patch / columns, rows),
            _ => place(patch % columns, columns),
        };
        let exponent = (within % quarter) as f32 * (4.0 / channels as f32);
        TAU * place * (1.0 / config.theta.powf(exponent))
    };
    Rotary::new(g, first + rows * columns, [config.heads, channels, 1], angle)
}

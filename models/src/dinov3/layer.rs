//! One layer.

use ocelli_engine::op::{Epilogue, Linear};
use ocelli_engine::{Graph, Result, Value, Weights};

use super::config::Config;
use crate::blocks::rotary::Rotary;
use crate::blocks::rows::rows;

/// The layer at `w` on `[n, t, d]`.
pub(super) fn layer(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    rotary: &Rotary,
    config: &Config,
) -> Result<Value> {
    let y = g.layer_norm(x, &w.at("norm1"), config.eps)?;
    let y = attention(g, &w.at("attention"), y, rotary, config)?;
    let y = g.layer_scale(y, &w.at("layer_scale1"), "lambda1")?;
    let x = g.add(y, x)?;

    let y = g.layer_norm(x, &w.at("norm2"), config.eps)?;
    let y = feed(g, &w.at("mlp"), y, config)?;
    let y = g.layer_scale(y, &w.at("layer_scale2"), "lambda1")?;
    g.add(y, x)
}

/// Self-attention, queries and keys turned by their place.
fn attention(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    rotary: &Rotary,
    config: &Config,
) -> Result<Value> {
    let d = config.width;
    let mut part = |i: usize, name: &str| {
        let own = w.at(name);
        let weight = if config.stacked {
            rows(&w.get("qkv.weight", &[3 * d, d])?, i * d..(i + 1) * d)?
        } else {
            own.get("weight", &[d, d])?
        };
        let bias = own.get_optional("bias", &[d])?;
        g.linear_with(x, Linear { weight, bias, epilogue: Epilogue::default() }, own.prefix())
    };
    let (q, k, v) = (part(0, "q_proj")?, part(1, "k_proj")?, part(2, "v_proj")?);
    let (q, k) = (rotary.turn(g, q)?, rotary.turn(g, k)?);
    let x = g.attention(q, k, v, config.heads)?;
    linear(g, x, &w.at("o_proj"), d)
}

/// Two linear layers with an activation between them, or a gate.
fn feed(g: &mut Graph, w: &Weights, x: Value, config: &Config) -> Result<Value> {
    let &Config { width, hidden, activation, .. } = config;
    let up = linear(g, x, &w.at("up_proj"), hidden)?;
    let inner = if config.gated {
        let gate = linear(g, x, &w.at("gate_proj"), hidden)?;
        let gate = g.activation(gate, activation);
        g.mul(gate, up)?
    } else {
        g.activation(up, activation)
    };
    linear(g, inner, &w.at("down_proj"), width)
}

/// With a bias if there is one.
fn linear(g: &mut Graph, x: Value, w: &Weights, out: usize) -> Result<Value> {
    let weight = w.get("weight", &[out, g.shape(x).last_dim()])?;
    let bias = w.get_optional("bias", &[out])?;
    g.linear_with(x, Linear { weight, bias, epilogue: Epilogue::default() }, w.prefix())
}

//! From the encoder's maps to those the decoder looks at.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::{Config, Level};
use crate::blocks::c2f::{C2f, c2f};

const EPS: f32 = 1e-6;

/// Maps `[n, h, w, d]` of equal size to one map `[n, h', w', hidden]` a level.
pub(super) fn projector(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    config: &Config,
) -> Result<Vec<Value>> {
    let out = config.variant.hidden;
    let level = |(i, &level): (usize, &Level)| {
        let sampling = w.at("stages_sampling").at(i);
        let resized = features.iter().enumerate();
        let resized = resized.map(|(j, &x)| resample(g, x, &sampling.at(j), level));
        let resized = resized.collect::<Result<Vec<_>>>()?;
        let x = g.concat(&resized, 3)?;

        let stage = w.at("stages").at(i);
        let (inner, depth) = (out / 2, 3);
        let x = c2f(g, x, &stage.at(0), C2f { out, inner, depth }, unit, |g, x, w| {
            let x = unit(g, x, &w.at("cv1"), inner, 3)?;
            unit(g, x, &w.at("cv2"), inner, 3)
        })?;
        g.layer_norm(x, &stage.at(1), EPS)
    };
    config.variant.levels.iter().enumerate().map(level).collect()
}

/// `[n, h, w, d]` to the size of a level, with as many channels; half as many for the larger one.
fn resample(g: &mut Graph, x: Value, w: &Weights, level: Level) -> Result<Value> {
    let d = g.shape(x).last_dim();
    match level {
        Level::P3 => g.conv_transpose(x, &w.at(0), d / 2, Conv::k(2).stride(2)),
        Level::P4 => Ok(x),
        Level::P5 => conv_norm(g, x, &w.at(0), d, Conv::same(3).stride(2), Activation::Relu),
    }
}

fn unit(g: &mut Graph, x: Value, w: &Weights, out: usize, k: usize) -> Result<Value> {
    conv_norm(g, x, w, out, Conv::same(k), Activation::Silu)
}

/// A convolution without bias, layer norm over its channels, an activation: `[n, h, w, c]` to `[n, h', w', out]`.
fn conv_norm(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    conv: Conv,
    activation: Activation,
) -> Result<Value> {
    let x = g.conv_no_bias(x, &w.at("conv"), out, conv)?;
    let x = g.layer_norm(x, &w.at("bn"), EPS)?;
    Ok(g.activation(x, activation))
}

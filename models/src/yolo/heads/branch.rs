//! A head's branches: a few convolutions on each level's map, and what they yield at every place.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::found::{has, out_channels};
use crate::yolo::modules::conv::unit;

/// Applies `branch` to the maps `[n, h, w, c]` of all levels with the weights at `w.0`, `w.1`, ..: `[n, places, out]`, one
/// level after the other, row by row.
pub(super) fn on_levels(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    mut branch: impl FnMut(&mut Graph, &Weights, Value) -> Result<Value>,
) -> Result<Value> {
    let mut levels = Vec::with_capacity(features.len());
    for (i, &x) in features.iter().enumerate() {
        let y = branch(g, &w.at(i), x)?;
        let [n, height, width, out] = g.dims("head", y)?;
        levels.push(g.reshape(y, &[n, height * width, out])?);
    }
    g.concat(&levels, 1)
}

/// Two units of 3x3 and a convolution to `out` channels.
pub(super) fn plain(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    out: usize,
    activation: Activation,
) -> Result<Value> {
    let x = two_units(g, w, x, activation)?;
    g.conv(x, &w.at(2), out, Conv::k(1))
}

/// The two units of [`plain`] alone.
pub(super) fn two_units(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    activation: Activation,
) -> Result<Value> {
    let mut x = x;
    for i in 0..2 {
        let width = out_channels(w, &format!("{i}.conv.weight"))?;
        x = unit(g, x, &w.at(i), width, Conv::same(3), Some(activation))?;
    }
    Ok(x)
}

/// [`plain`] in older networks; depthwise and pointwise units in place of its 3x3 ones in newer.
pub(super) fn classes(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    out: usize,
    activation: Activation,
) -> Result<Value> {
    if has(w, "0.conv.weight")? {
        return plain(g, w, x, out, activation);
    }
    let mut x = x;
    for i in 0..2 {
        let channels = g.shape(x).last_dim();
        let depthwise = Conv::same(3).groups(channels);
        x = unit(g, x, &w.at(i).at(0), channels, depthwise, Some(activation))?;
        let width = out_channels(w, &format!("{i}.1.conv.weight"))?;
        x = unit(g, x, &w.at(i).at(1), width, Conv::k(1), Some(activation))?;
    }
    g.conv(x, &w.at(2), out, Conv::k(1))
}

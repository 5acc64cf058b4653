//! Residual networks.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::call::Call;
use super::conv::Units;
use crate::blocks::conv_norm::ConvNorm;

/// `ResNetLayer`: channels in, channels, stride, whether it is the stem, blocks, expansion.
pub(super) fn layer(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (c, stride, stem) = (call.size(1, 64)?, call.size(2, 1)?, call.flag(3, false)?);
    let (depth, expansion) = (call.size(4, 1)?, call.size(5, 4)?);
    let w = w.at("layer");
    if stem {
        let x = call.units.conv(g, x, &w.at(0), c, Conv::same(7).stride(2))?;
        return g.max_pool(x, 3, 2, 1);
    }
    (0..depth).try_fold(x, |x, i| {
        let stride = if i == 0 { stride } else { 1 };
        bottleneck(g, x, &w.at(i), [c, c * expansion], stride, call.units)
    })
}

fn bottleneck(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    [inner, out]: [usize; 2],
    stride: usize,
    units: Units,
) -> Result<Value> {
    let y = units.same(g, x, &w.at("cv1"), inner, 1)?;
    let y = units.conv(g, y, &w.at("cv2"), inner, Conv::same(3).stride(stride))?;
    let y = units.linear(g, y, &w.at("cv3"), out, Conv::k(1))?;
    let x = if stride != 1 || g.shape(x).last_dim() != out {
        units.linear(g, x, &w.at("shortcut").at(0), out, Conv::k(1).stride(stride))?
    } else {
        x
    };
    let x = g.add(y, x)?;
    Ok(g.relu(x))
}

/// Blocks of the stages of `torchvision`'s networks, and whether blocks are bottlenecks.
const RESNETS: [(&str, [usize; 4], bool); 5] = [
    ("resnet18", [2, 2, 2, 2], false),
    ("resnet34", [3, 4, 6, 3], false),
    ("resnet50", [3, 4, 6, 3], true),
    ("resnet101", [3, 4, 23, 3], true),
    ("resnet152", [3, 8, 36, 3], true),
];

/// `TorchVision`: channels that come out, name of the network, -, whether it is a list of modules, modules left out at its
/// end. Residual networks without their pool and classifier.
pub(super) fn torchvision(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let name = call.name(1, "")?;
    let list = call.flag(3, true)? && call.size(4, 2)? == 2 && !call.flag(5, false)?;
    let Some(&(_, depths, deep)) = RESNETS.iter().find(|(known, ..)| *known == name && list) else {
        let what = format!("{name}: only residual networks without their last two modules");
        return Err(Error::Shape { op: "torchvision", what });
    };
    let (w, eps) = (w.at("m"), call.units.eps);
    let stem = ConvNorm { eps, activation: Activation::Relu };
    let x = stem.run(g, x, &w, ["0", "1"], 64, Conv::same(7).stride(2))?;
    let mut x = g.max_pool(x, 3, 2, 1)?;
    for (i, &depth) in depths.iter().enumerate() {
        for j in 0..depth {
            let stride = if i > 0 && j == 0 { 2 } else { 1 };
            x = basic(g, x, &w.at(4 + i).at(j), 64 << i, (deep, stride), eps)?;
        }
    }
    Ok(x)
}

/// A block of two convolutions, or of three if it is deep.
fn basic(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    c: usize,
    (deep, stride): (bool, usize),
    eps: f32,
) -> Result<Value> {
    let step = |g: &mut Graph, x, names: [&str; 2], out, geometry, activation| {
        ConvNorm { eps, activation }.run(g, x, w, names, out, geometry)
    };
    let (relu, none) = (Activation::Relu, Activation::Identity);
    let wide = Conv::same(3);
    let (y, out) = if deep {
        let y = step(g, x, ["conv1", "bn1"], c, Conv::k(1), relu)?;
        let y = step(g, y, ["conv2", "bn2"], c, wide.stride(stride), relu)?;
        (step(g, y, ["conv3", "bn3"], 4 * c, Conv::k(1), none)?, 4 * c)
    } else {
        let y = step(g, x, ["conv1", "bn1"], c, wide.stride(stride), relu)?;
        (step(g, y, ["conv2", "bn2"], c, wide, none)?, c)
    };
    let x = if stride != 1 || g.shape(x).last_dim() != out {
        step(g, x, ["downsample.0", "downsample.1"], out, Conv::k(1).stride(stride), none)?
    } else {
        x
    };
    let x = g.add(y, x)?;
    Ok(g.relu(x))
}

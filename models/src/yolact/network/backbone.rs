//! What finds features.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::super::config::Backbone;
use crate::blocks::conv_norm::ConvNorm;

const RELU: ConvNorm = ConvNorm { eps: 1e-5, activation: Activation::Relu };
const LINEAR: ConvNorm = ConvNorm { activation: Activation::Identity, ..RELU };
/// Of the darknet.
const LEAKY: ConvNorm = ConvNorm { activation: Activation::LeakyRelu(0.1), ..RELU };

/// A picture to one map a stage, finest first.
pub(super) fn backbone(
    g: &mut Graph,
    image: Value,
    w: &Weights,
    kind: Backbone,
) -> Result<Vec<Value>> {
    match kind {
        Backbone::ResNet(depths) => resnet(g, image, w, depths),
        Backbone::DarkNet(depths) => darknet(g, image, w, depths),
    }
}

fn resnet(g: &mut Graph, image: Value, w: &Weights, depths: [usize; 4]) -> Result<Vec<Value>> {
    let x = RELU.run(g, image, w, ["conv1", "bn1"], 64, Conv::same(7).stride(2))?;
    let mut x = g.max_pool(x, 3, 2, 1)?;
    let mut maps = Vec::new();
    for (stage, depth) in depths.into_iter().enumerate() {
        for i in 0..depth {
            let stride = if i == 0 && stage > 0 { 2 } else { 1 };
            x = bottleneck(g, x, &w.at("layers").at(stage).at(i), 64 << stage, stride)?;
        }
        maps.push(x);
    }
    Ok(maps)
}

/// `[n, h, w, _]` to `[n, h / stride, w / stride, 4 * inner]`.
fn bottleneck(g: &mut Graph, x: Value, w: &Weights, inner: usize, stride: usize) -> Result<Value> {
    let y = RELU.run(g, x, w, ["conv1", "bn1"], inner, Conv::k(1))?;
    let y = RELU.run(g, y, w, ["conv2", "bn2"], inner, Conv::same(3).stride(stride))?;
    let y = LINEAR.run(g, y, w, ["conv3", "bn3"], 4 * inner, Conv::k(1))?;
    let aside = stride != 1 || g.shape(x).last_dim() != 4 * inner;
    let x = if aside {
        let names = ["downsample.0", "downsample.1"];
        LINEAR.run(g, x, w, names, 4 * inner, Conv::k(1).stride(stride))?
    } else {
        x
    };
    let x = g.add(y, x)?;
    Ok(g.relu(x))
}

fn darknet(g: &mut Graph, image: Value, w: &Weights, depths: [usize; 5]) -> Result<Vec<Value>> {
    let leaky = |g: &mut Graph, x: Value, w: &Weights, out: usize, conv: Conv| {
        LEAKY.run(g, x, w, ["0", "1"], out, conv)
    };
    let mut x = leaky(g, image, &w.at("_preconv"), 32, Conv::same(3))?;
    let mut maps = Vec::new();
    for (stage, depth) in depths.into_iter().enumerate() {
        let (w, inner) = (w.at("layers").at(stage), 32 << stage);
        x = leaky(g, x, &w.at(0), 2 * inner, Conv::same(3).stride(2))?;
        for i in 1..=depth {
            let y = leaky(g, x, &w.at(i).at("conv1"), inner, Conv::k(1))?;
            let y = leaky(g, y, &w.at(i).at("conv2"), 2 * inner, Conv::same(3))?;
            x = g.add(y, x)?;
        }
        maps.push(x);
    }
    Ok(maps)
}

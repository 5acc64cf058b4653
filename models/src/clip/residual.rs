//! The tower for pictures, where it is a residual network: three convolutions as a stem, means in place of strides, and
//! attention in place of the mean at the end.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::Residual;
use super::image::ImageNetwork;

/// Channels of a block's result over those of its 3x3 convolution.
const EXPANSION: usize = 4;

/// Picture `[n, h, w, 3]` to a vector of `dimensions`.
pub(super) fn residual(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Residual,
    dimensions: usize,
) -> Result<ImageNetwork> {
    let (relu, width) = (Activation::Relu, config.width);
    let half = width / 2;
    let x = g.conv_bn(image, w, ("conv1", "bn1"), half, Conv::same(3).stride(2), relu)?;
    let x = g.conv_bn(x, w, ("conv2", "bn2"), half, Conv::same(3), relu)?;
    let x = g.conv_bn(x, w, ("conv3", "bn3"), width, Conv::same(3), relu)?;
    let mut x = g.avg_pool(x, 2, 2, 0)?;
    let mut hidden = vec![x];
    for (i, &depth) in config.depths.iter().enumerate() {
        let stage = w.at(format!("layer{}", i + 1));
        for j in 0..depth {
            let stride = if i > 0 && j == 0 { 2 } else { 1 };
            x = block(g, &stage.at(j), x, width << i, stride)?;
        }
        hidden.push(x);
    }
    let embedding = attention_pool(g, &w.at("attnpool"), x, config, dimensions)?;
    Ok(ImageNetwork { hidden, embedding })
}

/// `[n, h, w, c]` to `[n, h / stride, w / stride, 4 * inner]`.
fn block(g: &mut Graph, w: &Weights, x: Value, inner: usize, stride: usize) -> Result<Value> {
    let (relu, none, out) = (Activation::Relu, Activation::Identity, EXPANSION * inner);
    let y = g.conv_bn(x, w, ("conv1", "bn1"), inner, Conv::k(1), relu)?;
    let y = g.conv_bn(y, w, ("conv2", "bn2"), inner, Conv::same(3), relu)?;
    let y = shrink(g, y, stride)?;
    let y = g.conv_bn(y, w, ("conv3", "bn3"), out, Conv::k(1), none)?;
    let x = if stride > 1 || g.shape(x).last_dim() != out {
        let x = shrink(g, x, stride)?;
        g.conv_bn(x, w, ("downsample.0", "downsample.1"), out, Conv::k(1), none)?
    } else {
        x
    };
    let x = g.add(y, x)?;
    Ok(g.relu(x))
}

fn shrink(g: &mut Graph, x: Value, stride: usize) -> Result<Value> {
    if stride > 1 { g.avg_pool(x, stride, stride, 0) } else { Ok(x) }
}

/// What the mean of all pixels sees of them: `[n, h, w, c]` to `[n, dimensions]`.
fn attention_pool(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    config: &Residual,
    dimensions: usize,
) -> Result<Value> {
    let [n, height, width, c] = g.dims("attention_pool", x)?;
    let mean = g.global_avg_pool(x)?;
    let mean = g.reshape(mean, &[n, 1, c])?;
    let pixels = g.reshape(x, &[n, height * width, c])?;
    let x = g.concat(&[mean, pixels], 1)?;
    let positions = w.get("positional_embedding", &[config.side * config.side + 1, c])?;
    let positions = g.constant(positions);
    let x = g.add(x, positions)?;
    let first = g.slice(x, 1, 0..1)?;
    let q = g.linear(first, &w.at("q_proj"), c)?;
    let k = g.linear(x, &w.at("k_proj"), c)?;
    let v = g.linear(x, &w.at("v_proj"), c)?;
    let x = g.attention(q, k, v, config.heads)?;
    let x = g.linear(x, &w.at("c_proj"), dimensions)?;
    g.reshape(x, &[n, dimensions])
}

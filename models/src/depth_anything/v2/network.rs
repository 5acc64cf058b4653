//! The network.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::config::{Config, Depth};
use crate::depth_anything::dpt::{CORNERS, grid, map_of};
use crate::vit;

/// What there is of a network in a graph.
#[derive(Clone, Debug)]
pub struct Network {
    /// The encoder's feature maps `[n, h, w, d]`.
    pub features: [Value; 4],
    /// The same at four scales, `[n, 4h, 4w, c]` to `[n, h / 2, w / 2, c]`.
    pub scaled: [Value; 4],
    /// After each step of joining them.
    pub fused: Vec<Value>,
    /// `[n, height, width, 1]`, one number for each pixel of the input.
    pub depth: Value,
}

/// Image `[n, h, w, 3]`, whose sides are multiples of the patch, to depths.
///
/// # Errors
/// A weight is missing or has another shape, or the image's sides do not divide.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let encoder = &config.encoder;
    let (neck, at) = (&config.neck, w.at("neck"));
    let grid = grid(g, image, encoder.patch)?;
    let tokens = vit::network(g, &w.at("backbone"), image, encoder)?.hidden;
    let mut features = [image; 4];
    let mut scaled = [image; 4];
    for (i, layer) in config.layers.into_iter().enumerate() {
        let &x = tokens.get(layer).ok_or_else(|| Error::Shape {
            op: "depth_anything",
            what: format!("layer {layer} of {}", encoder.depth),
        })?;
        let x = g.layer_norm(x, &w.at("backbone.layernorm"), encoder.layer.eps)?;
        features[i] = map_of(g, x, grid)?;
        let x = neck.project(g, &at, i, features[i])?;
        scaled[i] = neck.rescale(g, &at, i, x)?;
    }
    let fused = neck.fuse(g, &at, scaled)?;
    let depth = head(g, &w.at("head"), fused[fused.len() - 1], image, config)?;
    Ok(Network { features, scaled, fused, depth })
}

/// The finest joined map `[n, h, w, c]` to depths `[n, height, width, 1]` of the image's size.
fn head(g: &mut Graph, w: &Weights, x: Value, image: Value, config: &Config) -> Result<Value> {
    let [_, height, width, _] = g.dims("depth_anything", image)?;
    let x = g.conv(x, &w.at("conv1"), config.neck.width / 2, Conv::same(3))?;
    let x = g.resize(x, [height, width], CORNERS)?;
    let x = g.conv(x, &w.at("conv2"), config.head, Conv::same(3))?;
    let x = g.relu(x);
    let x = g.conv(x, &w.at("conv3"), 1, Conv::k(1))?;
    let (activation, factor) = match config.depth {
        Depth::Relative(factor) => (Activation::Relu, factor),
        Depth::Metric(farthest) => (Activation::Sigmoid, farthest),
    };
    let x = g.activation(x, activation);
    g.scale(x, factor)
}

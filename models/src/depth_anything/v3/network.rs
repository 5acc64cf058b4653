//! The network.

use ocelli_engine::op::{Conv2d, Epilogue};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::Config;
use super::encoder::encoder;
use super::places::with_places;
use crate::blocks::rows::rows;
use crate::depth_anything::dpt::{CORNERS, grid, map_of};

/// What there is of a network in a graph.
#[derive(Clone, Debug)]
pub struct Network {
    /// Tokens after each layer, `[n, t, d]`: the class's or the camera's token, patches row by row.
    pub hidden: Vec<Value>,
    /// The maps that the head takes, after its norm, `[n, h, w, 2 d]`.
    pub features: [Value; 4],
    /// The same at four scales, `[n, 4h, 4w, c]` to `[n, h / 2, w / 2, c]`.
    pub scaled: [Value; 4],
    /// After each step of joining them.
    pub fused: Vec<Value>,
    /// `[n, height, width, 1]`, one number for each pixel of the input; near is small.
    pub depth: Value,
}

/// Of the head's norm.
const EPS: f32 = 1e-5;

/// Image `[n, h, w, 3]`, whose sides are multiples of the patch, to depths.
///
/// # Errors
/// A weight is missing or has another shape, or the image's sides do not divide.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let [_, height, width, _] = g.dims("depth_anything", image)?;
    let proportion = width as f64 / height.max(1) as f64;
    let (neck, at) = (&config.neck, w.at("neck"));
    let grid = grid(g, image, config.encoder.patch)?;
    let (hidden, mut features) = encoder(g, &w.at("backbone"), image, config)?;
    let mut scaled = features;
    for i in 0..4 {
        let x = g.layer_norm(features[i], &at.at("norm"), EPS)?;
        features[i] = map_of(g, x, grid)?;
        let x = neck.project(g, &at, i, features[i])?;
        let x = with_places(g, x, proportion)?;
        scaled[i] = neck.rescale(g, &at, i, x)?;
    }
    let fused = neck.fuse(g, &at, scaled)?;

    let w = w.at("head");
    let x = g.conv(fused[fused.len() - 1], &w.at("conv1"), neck.width / 2, Conv::same(3))?;
    let x = g.resize(x, [height, width], CORNERS)?;
    let x = with_places(g, x, proportion)?;
    let x = g.conv(x, &w.at("conv2"), config.head, Conv::same(3))?;
    let x = g.relu(x);
    let x = first_channel(g, &w.at("conv3"), x)?;
    let depth = g.exp(x);
    Ok(Network { hidden, features, scaled, fused, depth })
}

/// The first of two channels of a convolution of side 1; the other is the depth's confidence.
fn first_channel(g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let op = Conv2d {
        weight: rows(&w.get("weight", &[2, channels, 1, 1])?, 0..1)?,
        bias: Some(rows(&w.get("bias", &[2])?, 0..1)?),
        stride: [1; 2],
        pad: [0; 4],
        dilation: [1; 2],
        groups: 1,
        epilogue: Epilogue::default(),
    };
    g.conv_with(x, op, w.prefix())
}

//! The tower for pictures, where it is a vision transformer; residual ones are in [`residual`](super::residual).

use ocelli_engine::op::{Activation, Filter, Resize};
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::config::{ImageTower, Pooling, Transformer};
use super::layer::{EPS, Layer, Look, mlp, project};
use super::residual::residual;
use crate::blocks::attention::in_proj_attention;
use crate::blocks::rotary::Rotary;

/// Of the frequencies of rotary positions.
const BASE: f64 = 10_000.0;

/// What there is of the tower in a graph.
#[derive(Clone, Debug)]
pub struct ImageNetwork {
    /// Of a transformer the tokens `[n, t, d]` after the first norm and after each layer, the class token first if there
    /// is one; of a residual network the maps `[n, h, w, c]` after the stem and after each stage.
    pub hidden: Vec<Value>,
    /// `[n, dimensions]`, not normalised.
    pub embedding: Value,
}

/// Picture `[n, h, w, 3]` to a vector of `dimensions`, with the weights at `w` (`visual` in checkpoints).
///
/// # Errors
/// A weight is missing or has another shape, or the picture has another size than the tower's.
pub fn image_tower(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &ImageTower,
    dimensions: usize,
) -> Result<ImageNetwork> {
    let side = config.image_side();
    let [_, height, width, _] = g.dims("clip", image)?;
    if [height, width] != [side, side] && !config.any_size() {
        let what = format!("a {width}x{height} image, where this tower takes {side}x{side}");
        return Err(Error::Shape { op: "clip", what });
    }
    match config {
        ImageTower::Transformer(config) => transformer(g, w, image, config, dimensions),
        ImageTower::Residual(config) => residual(g, w, image, config, dimensions),
    }
}

fn transformer(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Transformer,
    dimensions: usize,
) -> Result<ImageNetwork> {
    let (x, grid) = embed(g, w, image, config)?;
    let mut x = g.layer_norm(x, &w.at("ln_pre"), EPS)?;
    let mut hidden = vec![x];
    let look = if config.rotary { Look::Rotary(rotary(g, grid, config)?) } else { Look::All };
    let layer = Layer {
        heads: config.heads,
        hidden: config.hidden,
        activation: config.activation,
        stored: config.stored,
        scaled: config.scaled,
        look,
    };
    for i in 0..config.depth {
        x = layer.describe(g, &w.at("transformer.resblocks").at(i), x)?;
        hidden.push(x);
    }
    let x = match config.pooling {
        Pooling::Class => {
            let class = g.slice(x, 1, 0..1)?;
            g.layer_norm(class, &w.at("ln_post"), EPS)?
        }
        Pooling::Attention { heads } => {
            let x = g.layer_norm(x, &w.at("ln_post"), EPS)?;
            attention_pool(g, &w.at("attn_pool"), x, heads)?
        }
    };
    let n = g.shape(x)[0];
    let x = g.reshape(x, &[n, config.width])?;
    let embedding = project(g, w, ("proj", config.stored), x, dimensions)?;
    Ok(ImageNetwork { hidden, embedding })
}

/// Angles of the places of patches: of a head's channels, the first half turns with the column, the second with the row,
/// neighbours by the same angle. With a class token, which comes first and is not turned, both count from 1.
fn rotary(g: &mut Graph, [rows, columns]: [usize; 2], config: &Transformer) -> Result<Rotary> {
    let channels = config.width / config.heads.max(1);
    let (half, first) = ((channels / 2).max(1), usize::from(config.class_token));
    let angle = |token: usize, channel: usize| {
        let Some(patch) = token.checked_sub(first) else { return 0.0 };
        let place = if channel < half { patch % columns } else { patch / columns };
        let exponent = (channel % half / 2 * 2) as f64 / half as f64;
        (place + first) as f32 * (1.0 / BASE.powf(exponent) as f32)
    };
    Rotary::new(g, first + rows * columns, [config.heads, channels, channels / 2], angle)
}

/// Picture `[n, h, w, 3]` to tokens `[n, t, d]`, and the grid of its patches.
fn embed(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Transformer,
) -> Result<(Value, [usize; 2])> {
    let &Transformer { width: d, patch, .. } = config;
    let x = g.conv_no_bias(image, &w.at("conv1"), d, Conv::k(patch).stride(patch))?;
    let [n, height, width, _] = g.dims("clip", x)?;
    let (grid, patches) = ([height, width], height * width);
    let (class, positions) = positions(g, w, config, grid)?;
    let x = g.add(x, positions)?;
    let x = g.reshape(x, &[n, patches, d])?;
    let Some(position) = class else { return Ok((x, grid)) };
    let class = g.constant(w.get("class_embedding", &[d])?);
    let class = g.add(class, position)?;
    let class = g.expand(class, &[n, 1, d])?;
    Ok((g.concat(&[class, x], 1)?, grid))
}

/// The positions of the class token `[1, d]`, and of the patches `[1, h, w, d]`, fitted to their grid.
fn positions(
    g: &mut Graph,
    w: &Weights,
    config: &Transformer,
    grid: [usize; 2],
) -> Result<(Option<Value>, Value)> {
    let &Transformer { width: d, side, class_token, .. } = config;
    let first = usize::from(class_token);
    let all = g.constant(w.get("positional_embedding", &[first + side * side, d])?);
    let class = if class_token { Some(g.slice(all, 0, 0..1)?) } else { None };
    let table = g.slice(all, 0, first..first + side * side)?;
    let table = g.reshape(table, &[1, side, side, d])?;
    if grid == [side, side] {
        return Ok((class, table));
    }
    let resize = Resize { filter: Filter::Bilinear, align_corners: false, antialias: false };
    Ok((class, g.resize(table, grid, resize)?))
}

/// What a learned probe sees of all tokens: `[n, t, d]` to `[n, 1, d]`.
fn attention_pool(g: &mut Graph, w: &Weights, x: Value, heads: usize) -> Result<Value> {
    let [n, _, d] = g.dims("attention_pool", x)?;
    let probe = g.constant(w.get("probe", &[1, 1, d])?);
    let probe = g.expand(probe, &[n, 1, d])?;
    let x = in_proj_attention(g, &w.at("attn"), [probe, x, x], heads, None)?;
    let y = g.layer_norm(x, &w.at("layernorm"), EPS)?;
    let y = mlp(g, &w.at("mlp"), y, 4 * d, Activation::Gelu)?;
    g.add(y, x)
}

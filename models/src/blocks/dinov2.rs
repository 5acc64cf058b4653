//! DINOv2 (Oquab et al. 2023), the vision transformer with layer scale, under Hugging Face's names; optionally with most
//! blocks' attention kept within windows.

use ocelli_engine::op::{Activation, Filter, Resize};
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::mlp::feed_forward;
use super::windows::Windows;

const EPS: f32 = 1e-6;

/// A DINOv2's sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dinov2<'a> {
    /// Channels of a token.
    pub(crate) width: usize,
    /// Attention heads.
    pub(crate) heads: usize,
    /// Pixels a side of a patch.
    pub(crate) patch: usize,
    /// Side of the stored grid of position embeddings.
    pub(crate) position_grid: usize,
    /// Windows a side of the image.
    pub(crate) windows: usize,
    /// After how many blocks a feature map is taken, ascending. The block after each of them sees the whole image.
    pub(crate) features: &'a [usize],
}

/// What the encoder makes of an image.
pub(crate) struct Encoded {
    /// How the tokens lie in windows.
    pub(crate) windows: Windows,
    /// Tokens after the embedding and after each block: `[n * windows, 1 + tokens, d]`, the class token first.
    pub(crate) hidden: Vec<Value>,
    /// The normalised feature maps `[n, h, w, d]`.
    pub(crate) features: Vec<Value>,
}

/// Image `[n, h, w, 3]` to feature maps of its patches.
pub(crate) fn dinov2(g: &mut Graph, w: &Weights, image: Value, vit: &Dinov2) -> Result<Encoded> {
    let (windows, mut x) = embed(g, &w.at("embeddings"), image, vit)?;
    let mut encoded = Encoded { windows, hidden: vec![x], features: vec![] };
    for i in 0..vit.features.last().copied().unwrap_or(0) {
        let whole = vit.features.contains(&i);
        x = block(g, &w.at("encoder.layer").at(i), x, windows, whole, vit.heads)?;
        encoded.hidden.push(x);
        if vit.features.contains(&(i + 1)) {
            let feature = feature(g, w, x, windows)?;
            encoded.features.push(feature);
        }
    }
    Ok(encoded)
}

/// Image `[n, h, w, 3]` to tokens `[n * windows, 1 + tokens, d]`, every window with its own class token.
fn embed(g: &mut Graph, w: &Weights, image: Value, vit: &Dinov2) -> Result<(Windows, Value)> {
    let [n, h, width, _] = g.dims("dinov2", image)?;
    let step = vit.patch * vit.windows;
    if step == 0 || !h.is_multiple_of(step) || !width.is_multiple_of(step) || h * width == 0 {
        let what = format!("a {width}x{h} image, whose sides must be multiples of {step}");
        return Err(Error::Shape { op: "dinov2", what });
    }
    let conv = Conv::k(vit.patch).stride(vit.patch);
    let x = g.conv(image, &w.at("patch_embeddings.projection"), vit.width, conv)?;
    let windows = Windows { n, height: h / vit.patch, width: width / vit.patch, side: vit.windows };

    let (class_position, grid_position) = positions(g, w, vit, windows)?;
    let x = g.add(x, grid_position)?;
    let x = windows.cut(g, x)?;
    let class = g.constant(w.get("cls_token", &[1, 1, vit.width])?);
    let class = g.add(class, class_position)?;
    let class = g.expand(class, &[n * windows.count(), 1, vit.width])?;
    Ok((windows, g.concat(&[class, x], 1)?))
}

/// The position embeddings of the class token `[1, 1, d]` and, fitted to the image, of the patches `[1, h, w, d]`.
fn positions(
    g: &mut Graph,
    w: &Weights,
    vit: &Dinov2,
    Windows { height, width, .. }: Windows,
) -> Result<(Value, Value)> {
    let (side, d) = (vit.position_grid, vit.width);
    let all = g.constant(w.get("position_embeddings", &[1, 1 + side * side, d])?);
    let parts = g.split(all, 1, &[1, side * side])?;
    let grid = g.reshape(parts[1], &[1, side, side, d])?;
    if [height, width] == [side, side] {
        return Ok((parts[0], grid));
    }
    let resize = Resize { filter: Filter::Bicubic, align_corners: false, antialias: true };
    Ok((parts[0], g.resize(grid, [height, width], resize)?))
}

/// One transformer block on `[n * windows, 1 + tokens, d]`; attention is within each window, or in the whole image.
fn block(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    windows: Windows,
    whole: bool,
    heads: usize,
) -> Result<Value> {
    let [all, tokens, d] = g.dims("dinov2", x)?;
    let seen = if whole { [windows.n, windows.count() * tokens, d] } else { [all, tokens, d] };
    let x = g.reshape(x, &seen)?;
    let y = g.layer_norm(x, &w.at("norm1"), EPS)?;
    let y = attention(g, &w.at("attention"), y, heads)?;
    let y = g.layer_scale(y, &w.at("layer_scale1"), "lambda1")?;
    let x = g.add(y, x)?;
    let x = g.reshape(x, &[all, tokens, d])?;

    let y = g.layer_norm(x, &w.at("norm2"), EPS)?;
    let layers = (&w.at("mlp.fc1"), &w.at("mlp.fc2"));
    let y = feed_forward(g, y, layers, 4 * d, Activation::Gelu)?;
    let y = g.layer_scale(y, &w.at("layer_scale2"), "lambda1")?;
    g.add(y, x)
}

/// Self-attention `[n, t, d]` to `[n, t, d]`.
fn attention(g: &mut Graph, w: &Weights, x: Value, heads: usize) -> Result<Value> {
    let d = g.shape(x).last_dim();
    let parts = w.at("attention");
    let q = g.linear(x, &parts.at("query"), d)?;
    let k = g.linear(x, &parts.at("key"), d)?;
    let v = g.linear(x, &parts.at("value"), d)?;
    let x = g.attention(q, k, v, heads)?;
    g.linear(x, &w.at("output.dense"), d)
}

/// Tokens `[n * windows, 1 + tokens, d]` to a map `[n, h, w, d]`.
fn feature(g: &mut Graph, w: &Weights, x: Value, windows: Windows) -> Result<Value> {
    let [_, tokens, _] = g.dims("dinov2", x)?;
    let x = g.slice(x, 1, 1..tokens)?;
    let x = g.layer_norm(x, &w.at("layernorm"), EPS)?;
    windows.join(g, x)
}

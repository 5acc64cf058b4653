//! DINOv2 (Oquab et al. 2023), the vision transformer with layer scale, under Hugging Face's names; optionally with most
//! blocks' attention kept within windows.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::layer::{Feed, Layer, QueryKeyValue};
use super::positions::Positions;
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

    let positions = Positions { side: vit.position_grid, antialias: true, offset: 0.0 };
    let (class_position, grid_position) =
        positions.describe(g, w, vit.width, [windows.height, windows.width])?;
    let x = g.add(x, grid_position)?;
    let x = windows.cut(g, x)?;
    let class = g.constant(w.get("cls_token", &[1, 1, vit.width])?);
    let class = g.add(class, class_position)?;
    let class = g.expand(class, &[n * windows.count(), 1, vit.width])?;
    Ok((windows, g.concat(&[class, x], 1)?))
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
    let layer = Layer {
        heads,
        hidden: 4 * d,
        eps: EPS,
        query_key_value: QueryKeyValue { stacked: false, biased: true },
        feed: Feed::Plain(Activation::Gelu),
        scaled: true,
    };
    layer.describe(g, w, x, seen)
}

/// Tokens `[n * windows, 1 + tokens, d]` to a map `[n, h, w, d]`.
fn feature(g: &mut Graph, w: &Weights, x: Value, windows: Windows) -> Result<Value> {
    let [_, tokens, _] = g.dims("dinov2", x)?;
    let x = g.slice(x, 1, 1..tokens)?;
    let x = g.layer_norm(x, &w.at("layernorm"), EPS)?;
    windows.join(g, x)
}

//! Masks: an image of features, and what each query looks for in it.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

const EPS: f32 = 1e-6;
const QUERY_EPS: f32 = 1e-5;
/// Pixels of the input a side of one pixel of a mask.
pub(super) const STRIDE: usize = 4;

/// A map `[n, h, w, c]` to the features `[n, height, width, c]` that masks are found in.
pub(super) fn mask_features(
    g: &mut Graph,
    w: &Weights,
    map: Value,
    size: [usize; 2],
    blocks: usize,
) -> Result<Value> {
    let c = g.shape(map).last_dim();
    let mut x = g.resize_bilinear(map, size)?;
    for i in 0..blocks {
        x = block(g, &w.at("blocks").at(i), x)?;
    }
    g.conv(x, &w.at("spatial_features_proj"), c, Conv::k(1))
}

/// `[n, h, w, c]` to `[n, h, w, c]`: a `ConvNeXt` block without its expansion.
fn block(g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
    let c = g.shape(x).last_dim();
    let y = g.conv(x, &w.at("dwconv"), c, Conv::same(3).groups(c))?;
    let y = g.layer_norm(y, &w.at("norm"), EPS)?;
    let y = g.linear(y, &w.at("pwconv1"), c)?;
    let y = g.activation(y, Activation::Gelu);
    g.add(y, x)
}

/// Queries `[n, q, c]` and features `[n, h, w, c]` to mask logits `[n, q, h, w]`.
pub(super) fn masks(g: &mut Graph, w: &Weights, queries: Value, features: Value) -> Result<Value> {
    let [n, h, width, c] = g.dims("masks", features)?;
    let [_, q, _] = g.dims("masks", queries)?;
    let block = w.at("query_features_block");
    let y = g.layer_norm(queries, &block.at("norm_in"), QUERY_EPS)?;
    let y = g.linear(y, &block.at("layers.0"), 4 * c)?;
    let y = g.activation(y, Activation::Gelu);
    let y = g.linear(y, &block.at("layers.2"), c)?;
    let x = g.add(y, queries)?;
    let x = g.linear(x, &w.at("query_features_proj"), c)?;

    let pixels = g.reshape(features, &[n, h * width, c])?;
    let x = g.matmul_transposed(x, pixels)?;
    let bias = g.constant(w.get("bias", &[1])?);
    let x = g.add(x, bias)?;
    g.reshape(x, &[n, q, h, width])
}

//! The decoder: queries that look at each other and, around their boxes, at the maps.

use ocelli_engine::op::{Activation, Deformable};
use ocelli_engine::{Graph, Result, Value, Weights};

use super::config::Config;
use super::keypoints::{keypoint_layer, start};
use crate::blocks::attention::in_proj_attention;
use crate::blocks::deformable::deformable_attention;
use crate::blocks::mlp::{feed_forward, mlp};
use crate::blocks::rows::rows;
use crate::blocks::sine::sine_embedding;

const EPS: f32 = 1e-5;
const FEED_FORWARD: usize = 2048;

/// What the decoder looks at.
pub(super) struct Scene {
    /// Tokens `[n, t, c]` of all levels, one level after the other.
    pub(super) memory: Value,
    /// The tokens that key points look at.
    pub(super) keypoint_memory: Option<Value>,
    /// Boxes of the queries `[n, q, 4]`.
    pub(super) references: Value,
    /// Heads, points and levels of deformable attention.
    pub(super) sampling: Deformable,
}

/// What the decoder made.
pub(super) struct Decoded {
    /// Position embeddings of the queries `[n, q, c]`.
    pub(super) query_pos: Value,
    /// The normalised queries after each layer, `[n, q, c]`.
    pub(super) hidden: Vec<Value>,
    /// Key point tokens at the start and after each layer, `[n, q, k, c]`.
    pub(super) keypoints: Vec<Value>,
}

/// Runs all layers; weights are those of the whole network.
pub(super) fn decoder(
    g: &mut Graph,
    w: &Weights,
    scene: &Scene,
    config: &Config,
) -> Result<Decoded> {
    let [n, q, _] = g.dims("decoder", scene.references)?;
    let c = config.variant.hidden;
    let queries = w.get("query_feat.weight", &[config.groups * q, c])?;
    let queries = g.constant(rows(&queries, 0..q)?);
    let queries = g.reshape(queries, &[1, q, c])?;

    let mut keypoints = match scene.keypoint_memory {
        Some(memory) => Some(start(g, w, queries, memory, scene, config)?),
        None => None,
    };
    let w = w.at("transformer.decoder");
    let embedding = sine_embedding(g, scene.references, c / 2)?;
    let query_pos = mlp(g, embedding, &w.at("ref_point_head"), &[c, c], Activation::Relu)?;

    let mut x = g.expand(queries, &[n, q, c])?;
    let mut decoded = Decoded { query_pos, hidden: vec![], keypoints: vec![] };
    decoded.keypoints.extend(keypoints.as_ref().map(|k| k.tokens));
    for i in 0..config.variant.layers {
        let w_layer = w.at("layers").at(i);
        x = layer(g, &w_layer, x, query_pos, scene, config)?;
        if let Some(keypoints) = &mut keypoints {
            x = keypoint_layer(g, &w_layer, x, query_pos, keypoints)?;
            decoded.keypoints.push(keypoints.tokens);
        }
        let normed = g.layer_norm(x, &w.at("norm"), EPS)?;
        decoded.hidden.push(normed);
    }
    Ok(decoded)
}

/// `[n, q, c]` to `[n, q, c]`: attention among the queries, attention to the maps, feed forward, each normed after.
fn layer(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    pos: Value,
    scene: &Scene,
    config: &Config,
) -> Result<Value> {
    let placed = g.add(x, pos)?;
    let heads = config.self_heads();
    let y = in_proj_attention(g, &w.at("self_attn"), [placed, placed, x], heads, None)?;
    let x = add_norm(g, x, y, &w.at("norm1"))?;

    let placed = g.add(x, pos)?;
    let (boxes, memory) = (scene.references, scene.memory);
    let y = deformable_attention(g, &w.at("cross_attn"), placed, boxes, memory, &scene.sampling)?;
    let x = add_norm(g, x, y, &w.at("norm2"))?;

    let layers = (&w.at("linear1"), &w.at("linear2"));
    let y = feed_forward(g, x, layers, FEED_FORWARD, Activation::Relu)?;
    add_norm(g, x, y, &w.at("norm3"))
}

/// The layer norm at `w` of `x + y`.
pub(super) fn add_norm(g: &mut Graph, x: Value, y: Value, w: &Weights) -> Result<Value> {
    let sum = g.add(y, x)?;
    g.layer_norm(sum, w, EPS)
}

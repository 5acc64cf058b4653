//! Key points as tokens that live beside each query (after `GroupPose`, Liu et al. 2023).

use ocelli_engine::op::{Activation, Deformable, PadMode, Reduce};
use ocelli_engine::{Graph, Result, Value, Weights};

use super::config::Config;
use super::decoder::{Scene, add_norm};
use crate::blocks::attention::in_proj_attention;
use crate::blocks::deformable::deformable_attention;
use crate::blocks::mlp::{feed_forward, mlp};

const EPS: f32 = 1e-5;
const HEADS: usize = 8;
const FEED_FORWARD: usize = 1024;
/// Numbers of a key point: x, y, two logits of its presence, three of its precision, one that its class gets.
const NUMBERS: usize = 8;
/// What scores of tokens that must not see each other get: no exponential of it is more than zero.
const BLOCKED: f32 = -1e30;

/// The key point tokens and all that stays the same from layer to layer.
pub(super) struct KeyPoints {
    /// `[n, q, k, c]`
    pub(super) tokens: Value,
    /// `[1, 1 + k, c]`: position embeddings of a query (zero) and its key points.
    positions: Value,
    /// `[1 + k, 1 + k]`: keeps the points of different classes apart.
    mask: Option<Value>,
    /// `[n, t, c]`: what the points look at.
    memory: Value,
    /// `[n, q * k, 4]`: the query's box for each of its points.
    references: Value,
    sampling: Deformable,
}

/// The tokens before the first layer, from the queries as they start, `[1, q, c]`; weights are those of the whole network.
pub(super) fn start(
    g: &mut Graph,
    w: &Weights,
    queries: Value,
    memory: Value,
    scene: &Scene,
    config: &Config,
) -> Result<KeyPoints> {
    let [n, q, _] = g.dims("keypoints", scene.references)?;
    let (k, c) = (config.keypoints.iter().sum::<usize>(), config.variant.hidden);
    let tokens = initial_tokens(g, &w.at("transformer.keypoint_query_initializer"), queries, k)?;
    let tokens = g.expand(tokens, &[n, q, k, c])?;

    let embedded = w.get("transformer.decoder.keypoint_pos_embed", &[k, c])?;
    let embedded = g.constant(embedded);
    let embedded = g.reshape(embedded, &[1, k, c])?;
    let zero = g.table(&[1, 1, c], vec![0.0; c])?;
    let positions = g.concat(&[zero, embedded], 1)?;
    let mask = match class_mask(&config.keypoints) {
        Some(mask) => Some(g.table(&[1 + k, 1 + k], mask)?),
        None => None,
    };

    let references = g.reshape(scene.references, &[n, q, 1, 4])?;
    let references = g.expand(references, &[n, q, k, 4])?;
    let references = g.reshape(references, &[n, q * k, 4])?;
    let sampling = scene.sampling.clone();
    Ok(KeyPoints { tokens, positions, mask, memory, references, sampling })
}

/// Learned points, normed and bent by each query: `[1, q, c]` to `[1, q, k, c]`. No image is needed.
fn initial_tokens(g: &mut Graph, w: &Weights, queries: Value, k: usize) -> Result<Value> {
    let [_, q, c] = g.dims("keypoints", queries)?;
    let bend = w.at("adaLN_modulation");
    let x = g.linear(queries, &bend.at(0), c)?;
    let x = g.activation(x, Activation::Gelu);
    let x = g.linear(x, &bend.at(2), 3 * c)?;
    let x = g.reshape(x, &[1, q, 1, 3 * c])?;
    let bend = g.split(x, 3, &[c, c, c])?;

    let points = g.constant(w.get("queries", &[k, c])?);
    let points = g.reshape(points, &[1, 1, k, c])?;
    let normed = g.layer_norm_plain(points, EPS);
    let one = g.table(&[1], vec![1.0])?;
    let scale = g.add(bend[0], one)?;
    let x = g.mul(normed, scale)?;
    let x = g.add(x, bend[1])?;
    let x = g.linear(x, &w.at("out_proj"), c)?;
    let x = g.mul(x, bend[2])?;
    g.add(x, points)
}

/// What is added to the scores between a query (first) and its points: nothing within a class and with the query, far
/// below zero between classes. Nothing at all for a single class.
fn class_mask(schema: &[usize]) -> Option<Vec<f32>> {
    let classes = schema.iter().enumerate();
    let of: Vec<usize> = classes.flat_map(|(class, &count)| vec![class; count]).collect();
    if of.windows(2).all(|pair| pair[0] == pair[1]) {
        return None;
    }
    let of: Vec<Option<usize>> = std::iter::once(None).chain(of.into_iter().map(Some)).collect();
    let apart = |a: Option<usize>, b: Option<usize>| a.is_some() && b.is_some() && a != b;
    let row = |&a: &Option<usize>| of.iter().map(move |&b| if apart(a, b) { BLOCKED } else { 0.0 });
    Some(of.iter().flat_map(row).collect())
}

/// One layer, after the queries' own; `[n, q, c]` to `[n, q, c]`, and the points' tokens.
pub(super) fn keypoint_layer(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    query_pos: Value,
    points: &mut KeyPoints,
) -> Result<Value> {
    let (x, tokens) = within_instance(g, w, x, points)?;
    let [n, q, k, c] = g.dims("keypoints", tokens)?;

    let pos = g.reshape(query_pos, &[n, q, 1, c])?;
    let placed = g.add(tokens, pos)?;
    let placed = g.reshape(placed, &[n, q * k, c])?;
    let (boxes, memory) = (points.references, points.memory);
    let cross = w.at("kp_cross_attn");
    let y = deformable_attention(g, &cross, placed, boxes, memory, &points.sampling)?;
    let y = g.reshape(y, &[n, q, k, c])?;
    let tokens = add_norm(g, tokens, y, &w.at("kp_cross_attn_norm"))?;

    let layers = (&w.at("kp_linear1"), &w.at("kp_linear3"));
    let y = feed_forward(g, tokens, layers, FEED_FORWARD, Activation::Relu)?;
    points.tokens = add_norm(g, tokens, y, &w.at("kp_norm5"))?;
    Ok(x)
}

/// Attention between each query `[n, q, c]` and its points: both anew.
fn within_instance(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    points: &KeyPoints,
) -> Result<(Value, Value)> {
    let [n, q, k, c] = g.dims("keypoints", points.tokens)?;
    let query = g.reshape(x, &[n * q, 1, c])?;
    let tokens = g.reshape(points.tokens, &[n * q, k, c])?;
    let all = g.concat(&[query, tokens], 1)?;
    let placed = g.add(all, points.positions)?;
    let attention = w.at("kp_inst_self_attn");
    let y = in_proj_attention(g, &attention, [placed, placed, all], HEADS, points.mask)?;
    let parts = g.split(y, 1, &[1, k])?;

    let scale = g.constant(w.get("instance_kp_layer_scale", &[1])?);
    let y = g.reshape(parts[0], &[n, q, c])?;
    let y = g.mul(y, scale)?;
    let x = add_norm(g, x, y, &w.at("kp_inst_norm"))?;
    let y = g.reshape(parts[1], &[n, q, k, c])?;
    let tokens = add_norm(g, points.tokens, y, &w.at("kp_norm"))?;
    Ok((x, tokens))
}

/// What is said of the points.
pub(super) struct Said {
    /// `[n, q, classes * longest, 8]`: class by class, zeros where a class has fewer points than the longest.
    pub(super) points: Value,
    /// `[n, q, classes]`: what the points add to the class logits.
    pub(super) logits: Option<Value>,
}

/// Tokens `[n, q, k, c]` of the last layer to points beside the boxes `[n, q, 4]`.
pub(super) fn keypoint_head(
    g: &mut Graph,
    w: &Weights,
    tokens: Value,
    references: Value,
    config: &Config,
) -> Result<Said> {
    let [n, q, _, c] = g.dims("keypoints", tokens)?;
    let x = mlp(g, tokens, &w.at("keypoint_embed"), &[c, c, NUMBERS], Activation::Relu)?;
    let parts = g.split(x, 3, &[2, NUMBERS - 2])?;
    let boxes = g.reshape(references, &[n, q, 1, 4])?;
    let boxes = g.split(boxes, 3, &[2, 2])?;
    let moved = g.mul(parts[0], boxes[1])?;
    let places = g.add(moved, boxes[0])?;
    let x = g.concat(&[places, parts[1]], 3)?;

    let schema = &config.keypoints;
    let by_class = g.split(x, 2, schema)?;
    let longest = schema.iter().copied().max().unwrap_or(0);
    let mut padded = Vec::with_capacity(schema.len());
    for (&points, &count) in by_class.iter().zip(schema) {
        let pads = [[0, 0], [0, 0], [0, longest - count], [0, 0]];
        padded.push(if count == longest {
            points
        } else {
            g.pad(points, &pads, PadMode::Constant(0.0))?
        });
    }
    let points = g.concat(&padded, 2)?;
    let logits = class_logits(g, &by_class, schema, [n, q, config.classes])?;
    Ok(Said { points, logits })
}

/// The sums of the points' last numbers, by class; zero for classes without points.
fn class_logits(
    g: &mut Graph,
    by_class: &[Value],
    schema: &[usize],
    [n, q, classes]: [usize; 3],
) -> Result<Option<Value>> {
    let mut columns = vec![];
    for (&points, &count) in by_class.iter().zip(schema).take(classes) {
        columns.push(if count == 0 {
            g.table(&[n, q, 1], vec![0.0; n * q])?
        } else {
            let last = g.slice(points, 3, NUMBERS - 1..NUMBERS)?;
            let sum = g.reduce(last, Reduce::Sum, 2..3)?;
            g.reshape(sum, &[n, q, 1])?
        });
    }
    if columns.is_empty() {
        return Ok(None);
    }
    let rest = classes - columns.len();
    if rest > 0 {
        columns.push(g.table(&[n, q, rest], vec![0.0; n * q * rest])?);
    }
    Ok(Some(g.concat(&columns, 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_other_classes_are_blocked_and_the_query_never() {
        assert_eq!(class_mask(&[17]), None);
        assert_eq!(class_mask(&[0, 17]), None);
        let mask = class_mask(&[1, 2]).unwrap();
        let blocked: Vec<bool> = mask.iter().map(|&v| v != 0.0).collect();
        #[rustfmt::skip]
        assert_eq!(blocked, [
            false, false, false, false,
            false, false, true, true,
            false, true, false, false,
            false, true, false, false,
        ]);
    }
}

//! The decoder of RT-DETR (Zhao et al. 2023): queries in place of anchors.

use ocelli_engine::op::{Activation, Binary, Deformable, Epilogue, Linear, Reduce, Unary};
use ocelli_engine::{Conv, Error, Graph, Result, Shape, Tensor, Value, Weights};

use super::Head;
use super::found::{has, out_channels};
use super::select::detections;
use crate::blocks::attention::in_proj_attention;
use crate::blocks::deformable::deformable_attention;
use crate::blocks::mlp::{feed_forward, mlp};
use crate::blocks::rows::rows;
use crate::yolo::modules::conv::EPS as BATCH_NORM_EPS;
use crate::yolo::spec::Arg;

const LAYER_NORM_EPS: f32 = 1e-5;
/// Widths and heights of the first level's boxes, in parts of the picture; twice as much at each next one.
const SIDE: f32 = 0.05;
/// Boxes that begin nearer to a border than this do not count.
const BORDER: f32 = 1e-2;
/// A logit whose sigmoid is 1.
const ONE: f32 = 1e4;

/// Maps to `detections`, as many as there are queries or all classes of all queries.
pub(super) fn rtdetr(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    head: &Head<'_>,
) -> Result<()> {
    let queries = argument(head, 2).unwrap_or(300);
    let (memory, levels) = tokens(g, w, features)?;
    let start = select(g, w, memory, &levels, queries, head.classes)?;

    let heads = argument(head, 4).unwrap_or(8);
    let offsets = out_channels(w, "decoder.layers.0.cross_attn.sampling_offsets.bias")?;
    let points = offsets / (2 * heads * levels.len());
    let sampling = Deformable { heads, points, levels };
    let (x, boxes) = decode(g, w, memory, &start, &sampling)?;

    let last = layers(w)? - 1;
    let logits = g.linear(x, &w.at("dec_score_head").at(last), head.classes)?;
    let scores = g.activation(logits, Activation::Sigmoid);
    let boxes = in_pixels(g, boxes, head.input)?;
    let [_, found, _] = g.dims("rtdetr", scores)?;
    let detections = detections(g, scores, boxes, None, queries.min(found * head.classes))?;
    g.output("detections", detections);
    Ok(())
}

/// The layer's argument number `index`, if it is a positive number.
fn argument(head: &Head<'_>, index: usize) -> Option<usize> {
    match head.args.get(index) {
        Some(Arg::Number(number)) if *number >= 1.0 => Some(*number as usize),
        _ => None,
    }
}

/// The maps as tokens `[n, t, d]`, one level after the other, and the levels' sizes.
fn tokens(g: &mut Graph, w: &Weights, features: &[Value]) -> Result<(Value, Vec<[usize; 2]>)> {
    let w = w.at("input_proj");
    let (mut parts, mut levels) = (Vec::new(), Vec::new());
    for (i, &x) in features.iter().enumerate() {
        let [n, height, width, _] = g.dims("rtdetr", x)?;
        let d = out_channels(&w, &format!("{i}.0.weight"))?;
        let x = g.conv_no_bias(x, &w.at(i).at(0), d, Conv::k(1))?;
        let x = g.batch_norm(x, &w.at(i).at(1), BATCH_NORM_EPS)?;
        parts.push(g.reshape(x, &[n, height * width, d])?);
        levels.push([height, width]);
    }
    Ok((g.concat(&parts, 1)?, levels))
}

/// What the decoder starts from.
struct Start {
    /// `[n, q, d]`
    queries: Value,
    /// Boxes in parts of the picture, `[n, q, 4]`.
    boxes: Value,
}

/// The tokens whose best class scores highest.
fn select(
    g: &mut Graph,
    w: &Weights,
    memory: Value,
    levels: &[[usize; 2]],
    queries: usize,
    classes: usize,
) -> Result<Start> {
    let [n, t, d] = g.dims("rtdetr", memory)?;
    let Proposals { logits, valid } = proposals(levels);
    let valid = g.table(&[1, t, 1], valid)?;
    let tokens = g.mul(memory, valid)?;
    let tokens = g.linear(tokens, &w.at("enc_output").at(0), d)?;
    let tokens = g.layer_norm(tokens, &w.at("enc_output").at(1), LAYER_NORM_EPS)?;
    let scores = g.linear(tokens, &w.at("enc_score_head"), classes)?;
    let best = g.reduce(scores, Reduce::Max, 2..3)?;
    let best = g.reshape(best, &[n, t])?;
    let count = queries.min(t);
    let (_, chosen) = g.top_k(best, count)?;

    let tokens = g.gather_rows(tokens, chosen)?;
    let anchors = g.table(&[1, t, 4], logits)?;
    let anchors = g.expand(anchors, &[n, t, 4])?;
    let anchors = g.gather_rows(anchors, chosen)?;
    let moved = mlp(g, tokens, &w.at("enc_bbox_head"), &[d, d, 4], Activation::Relu)?;
    let boxes = g.add(moved, anchors)?;
    let boxes = g.activation(boxes, Activation::Sigmoid);
    let queries = if has(w, "tgt_embed.weight")? {
        let learned = g.constant(rows(&w.get("tgt_embed.weight", &[queries, d])?, 0..count)?);
        let learned = g.reshape(learned, &[1, count, d])?;
        g.expand(learned, &[n, count, d])?
    } else {
        tokens
    };
    Ok(Start { queries, boxes })
}

/// A box for each token.
struct Proposals {
    /// Logits of its centre and sides in parts of the picture, `[t, 4]`; of 1 if it does not count.
    logits: Vec<f32>,
    /// 1, or 0 if it does not count.
    valid: Vec<f32>,
}

fn proposals(levels: &[[usize; 2]]) -> Proposals {
    let (mut logits, mut valid) = (Vec::new(), Vec::new());
    for (level, &[height, width]) in levels.iter().enumerate() {
        let side = SIDE * (1_u64 << level.min(63)) as f32;
        for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
            let (x, y) = ((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
            let proposal = [x, y, side, side];
            let inside = proposal.iter().all(|&part| part > BORDER && part < 1.0 - BORDER);
            let logit = |part: f32| if inside { (part / (1.0 - part)).ln() } else { ONE };
            logits.extend(proposal.map(logit));
            valid.push(if inside { 1.0 } else { 0.0 });
        }
    }
    Proposals { logits, valid }
}

/// The queries and their boxes after all layers.
fn decode(
    g: &mut Graph,
    w: &Weights,
    memory: Value,
    start: &Start,
    sampling: &Deformable,
) -> Result<(Value, Value)> {
    let &Start { queries: mut x, mut boxes } = start;
    let d = g.shape(x).last_dim();
    for i in 0..layers(w)? {
        let w_layer = w.at("decoder").at("layers").at(i);
        let widths = [2 * d, d];
        let positions = mlp(g, boxes, &w.at("query_pos_head"), &widths, Activation::Relu)?;
        x = layer(g, &w_layer, x, positions, boxes, memory, sampling)?;
        let moved = mlp(g, x, &w.at("dec_bbox_head").at(i), &[d, d, 4], Activation::Relu)?;
        let logits = logit(g, boxes)?;
        let moved = g.add(moved, logits)?;
        boxes = g.activation(moved, Activation::Sigmoid);
    }
    Ok((x, boxes))
}

fn layers(w: &Weights) -> Result<usize> {
    let mut count = 1;
    while has(w, &format!("decoder.layers.{count}.norm1.weight"))? {
        count += 1;
    }
    Ok(count)
}

/// Attention among the queries, attention to the maps, feed forward, each normed after.
fn layer(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    positions: Value,
    boxes: Value,
    memory: Value,
    sampling: &Deformable,
) -> Result<Value> {
    let placed = g.add(x, positions)?;
    let heads = sampling.heads;
    let y = in_proj_attention(g, &w.at("self_attn"), [placed, placed, x], heads, None)?;
    let x = add_norm(g, x, y, &w.at("norm1"))?;
    let placed = g.add(x, positions)?;
    let y = deformable_attention(g, &w.at("cross_attn"), placed, boxes, memory, sampling)?;
    let x = add_norm(g, x, y, &w.at("norm2"))?;
    let hidden = out_channels(w, "linear1.bias")?;
    let layers = (&w.at("linear1"), &w.at("linear2"));
    let y = feed_forward(g, x, layers, hidden, Activation::Relu)?;
    add_norm(g, x, y, &w.at("norm3"))
}

fn add_norm(g: &mut Graph, x: Value, y: Value, w: &Weights) -> Result<Value> {
    let sum = g.add(y, x)?;
    g.layer_norm(sum, w, LAYER_NORM_EPS)
}

/// The inverse of the sigmoid, for numbers from 0 to 1 that are kept off both ends.
fn logit(g: &mut Graph, x: Value) -> Result<Value> {
    let [least, one] = [1e-5, 1.0].map(|number| g.table(&[1], vec![number]));
    let (least, one) = (least?, one?);
    let rest = g.sub(one, x)?;
    let rest = g.binary(rest, least, Binary::Max)?;
    let x = g.binary(x, least, Binary::Max)?;
    let ratio = g.div(x, rest)?;
    Ok(g.unary(ratio, Unary::Ln))
}

/// Centre and sides `[n, q, 4]` in parts of the picture to corners in pixels.
fn in_pixels(g: &mut Graph, boxes: Value, [height, width]: [usize; 2]) -> Result<Value> {
    let (w, h) = (width as f32, height as f32);
    let corners = [
        [w, 0.0, -w / 2.0, 0.0],
        [0.0, h, 0.0, -h / 2.0],
        [w, 0.0, w / 2.0, 0.0],
        [0.0, h, 0.0, h / 2.0],
    ];
    let weight = Shape::new(&[4, 4])
        .and_then(|shape| Tensor::from_vec(shape, corners.into_iter().flatten().collect()))
        .ok_or_else(|| Error::Shape { op: "rtdetr", what: "a matrix of 4 x 4".into() })?;
    g.linear_with(boxes, Linear { weight, bias: None, epilogue: Epilogue::default() }, "corners")
}

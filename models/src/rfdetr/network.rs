//! The network: encoder, projector, and either a decoder with its heads or a map of classes.

use ocelli_engine::op::{Activation, Deformable};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::boxes::refine;
use super::config::{Config, Head};
use super::decoder::{Scene, decoder};
use super::keypoints::keypoint_head;
use super::mask_head::{STRIDE, mask_features, masks};
use super::projector::projector;
use super::two_stage::two_stage;
use crate::blocks::dinov2::dinov2;
use crate::blocks::mlp::mlp;

/// The results of a network, and its intermediate values by name.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// What is asked for: `logits` and `boxes`, and `masks` or `keypoints`; for a semantic network `logits`.
    pub outputs: Vec<(&'static str, Value)>,
    /// What came before, for comparison with other implementations.
    pub stages: Vec<(String, Value)>,
}

impl Network {
    fn stage(&mut self, name: impl Into<String>, value: Value) {
        self.stages.push((name.into(), value));
    }

    fn numbered(&mut self, name: &str, values: &[Value]) {
        for (i, &value) in values.iter().enumerate() {
            self.stage(format!("{name}.{i}"), value);
        }
    }
}

/// Image `[n, h, w, 3]`, normalised, to
///
/// - `logits` `[n, q, classes]`, `boxes` `[n, q, 4]` (cx, cy, w, h in parts of the image), and
///   `masks` `[n, q, h / 4, w / 4]` (logits) or `keypoints` `[n, q, points, 8]`;
/// - or, of a semantic network, `logits` `[n, h / 4, w / 4, classes]`.
///
/// # Errors
/// A weight is missing or has another shape, or the image's sides are no multiples of [`super::Variant::divisor`].
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let mut net = Network::default();
    let [n, h, width, _] = g.dims("rfdetr", image)?;
    let mask_size = [h / STRIDE, width / STRIDE];
    let backbone = w.at("backbone.0");
    let encoded = dinov2(g, &backbone.at("encoder.encoder"), image, &config.encoder())?;
    net.numbered("block", &encoded.hidden);
    net.numbered("feature", &encoded.features);
    let maps = projector(g, &backbone.at("projector"), &encoded.features, config)?;
    net.numbered("projector", &maps);

    if config.variant.head == Head::Semantic {
        let head = w.at("segmentation_head");
        let features = mask_features(g, &head, maps[0], mask_size, config.variant.layers)?;
        net.stage("mask_features", features);
        let logits = g.conv(features, &w.at("semantic_embed"), config.classes, Conv::k(1))?;
        net.outputs.push(("logits", logits));
        return Ok(net);
    }

    let memory = tokens(g, &maps, n)?;
    let keypoint_memory = if config.variant.head == Head::KeyPoints {
        let projector_w = backbone.at("cross_attn_projector");
        let maps = projector(g, &projector_w, &encoded.features, config)?;
        net.numbered("keypoint_projector", &maps);
        Some(tokens(g, &maps, n)?)
    } else {
        None
    };

    let size = [encoded.windows.height, encoded.windows.width];
    let selection = two_stage(g, w, memory, size, config)?;
    let references = selection.references;
    net.stage("memory", selection.memory);
    net.stage("scores", selection.scores);
    net.stage("topk", selection.chosen);
    net.stage("reference", references);

    let levels = config.variant.levels.iter().map(|level| level.size(size)).collect();
    let points = config.variant.points;
    let sampling = Deformable { heads: config.cross_heads(), points, levels };
    let scene = Scene { memory, keypoint_memory, references, sampling };
    let decoded = decoder(g, w, &scene, config)?;
    net.stage("query_pos", decoded.query_pos);
    net.numbered("decoder", &decoded.hidden);
    if let Some((first, layers)) = decoded.keypoints.split_first() {
        net.stage("keypoint_query", *first);
        net.numbered("keypoint", layers);
    }

    let Some(&queries) = decoded.hidden.last() else { return Ok(net) };
    let c = config.variant.hidden;
    let mut logits = g.linear(queries, &w.at("class_embed"), config.classes)?;
    let corrections = mlp(g, queries, &w.at("bbox_embed"), &[c, c, 4], Activation::Relu)?;
    let boxes = refine(g, corrections, references)?;
    let mut more = None;
    if config.variant.head == Head::Masks {
        let head = w.at("segmentation_head");
        let features = mask_features(g, &head, maps[0], mask_size, config.variant.layers)?;
        net.stage("mask_features", features);
        more = Some(("masks", masks(g, &head, queries, features)?));
    }
    if let Some(&last) = decoded.keypoints.last() {
        let said = keypoint_head(g, w, last, references, config)?;
        if let Some(added) = said.logits {
            logits = g.add(logits, added)?;
        }
        more = Some(("keypoints", said.points));
    }
    net.outputs.extend([("logits", logits), ("boxes", boxes)]);
    net.outputs.extend(more);
    Ok(net)
}

/// Maps `[n, h, w, c]` to the tokens `[n, t, c]` of all of them, one map after the other.
fn tokens(g: &mut Graph, maps: &[Value], n: usize) -> Result<Value> {
    let mut all = Vec::with_capacity(maps.len());
    for &map in maps {
        let [_, h, w, c] = g.dims("tokens", map)?;
        all.push(g.reshape(map, &[n, h * w, c])?);
    }
    g.concat(&all, 1)
}

//! The network: encoder, projector, and either a decoder with its heads or a map of classes.

use ocelli_engine::op::{Activation, Deformable};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::boxes::refine;
use super::config::{Config, Head};
use super::decoder::{Decoded, Scene, decoder};
use super::keypoints::keypoint_head;
use super::mask_head::{STRIDE, mask_features, masks};
use super::projector::projector;
use super::two_stage::two_stage;
use crate::blocks::dinov2::dinov2;
use crate::blocks::mlp::mlp;

/// The results of a network, and its intermediate values by name.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// What is asked for: `logits` and `boxes`, and `masks` or `keypoints`; of a semantic network `logits`.
    pub outputs: Vec<(&'static str, Value)>,
    /// What came before, for comparison with other implementations.
    pub stages: Vec<(String, Value)>,
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
    let backbone = w.at("backbone.0");
    let encoded = dinov2(g, &backbone.at("encoder.encoder"), image, &config.encoder())?;
    net.numbered("block", &encoded.hidden);
    net.numbered("feature", &encoded.features);
    let maps = projector(g, &backbone.at("projector"), &encoded.features, config)?;
    net.numbered("projector", &maps);
    if config.variant.head == Head::Semantic {
        let features = pixel_features(g, w, &mut net, image, maps[0], config)?;
        let logits = g.conv(features, &w.at("semantic_embed"), config.classes, Conv::k(1))?;
        net.outputs.push(("logits", logits));
        return Ok(net);
    }

    let memory = tokens(g, &maps)?;
    let keypoint_memory = match config.variant.head {
        Head::KeyPoints => match keypoint_maps(g, &backbone, &encoded.features, config)? {
            Some(maps) => {
                net.numbered("keypoint_projector", &maps);
                Some(tokens(g, &maps)?)
            }
            None => Some(memory),
        },
        _ => None,
    };
    let size = [encoded.windows.height, encoded.windows.width];
    let selection = two_stage(g, w, memory, size, config)?;
    net.stage("memory", selection.memory);
    net.stage("scores", selection.scores);
    net.stage("topk", selection.chosen);
    net.stage("reference", selection.references);

    let levels = config.variant.levels.iter().map(|level| level.size(size)).collect();
    let (heads, points) = (config.cross_heads(), config.variant.points);
    let sampling = Deformable { heads, points, levels };
    let scene = Scene { memory, keypoint_memory, references: selection.references, sampling };
    let decoded = decoder(g, w, &scene, config)?;
    net.stage("query_pos", decoded.query_pos);
    net.numbered("decoder", &decoded.hidden);
    if let Some((first, layers)) = decoded.keypoints.split_first() {
        net.stage("keypoint_query", *first);
        net.numbered("keypoint", layers);
    }

    let queries = decoded.hidden[config.variant.layers - 1];
    box_heads(g, w, &mut net, queries, selection.references, &decoded, config)?;
    if config.variant.head == Head::Masks {
        let features = pixel_features(g, w, &mut net, image, maps[0], config)?;
        let masks = masks(g, &w.at("segmentation_head"), queries, features)?;
        net.outputs.push(("masks", masks));
    }
    Ok(net)
}

/// Adds logits, boxes and key points of the queries `[n, q, c]`.
fn box_heads(
    g: &mut Graph,
    w: &Weights,
    net: &mut Network,
    queries: Value,
    references: Value,
    decoded: &Decoded,
    config: &Config,
) -> Result<()> {
    let c = config.variant.hidden;
    let mut logits = g.linear(queries, &w.at("class_embed"), config.classes)?;
    let corrections = mlp(g, queries, &w.at("bbox_embed"), &[c, c, 4], Activation::Relu)?;
    let boxes = refine(g, corrections, references)?;
    let said = match decoded.keypoints.last() {
        Some(&tokens) => Some(keypoint_head(g, w, tokens, references, config)?),
        None => None,
    };
    if let Some(added) = said.as_ref().and_then(|said| said.logits) {
        logits = g.add(logits, added)?;
    }
    net.outputs.extend([("logits", logits), ("boxes", boxes)]);
    net.outputs.extend(said.map(|said| ("keypoints", said.points)));
    Ok(())
}

/// The features of pixels `[n, h / 4, w / 4, c]` that masks and maps of classes are made of.
fn pixel_features(
    g: &mut Graph,
    w: &Weights,
    net: &mut Network,
    image: Value,
    map: Value,
    config: &Config,
) -> Result<Value> {
    let [_, h, width, _] = g.dims("rfdetr", image)?;
    let size = [h / STRIDE, width / STRIDE];
    let head = w.at("segmentation_head");
    let features = mask_features(g, &head, map, size, config.variant.layers)?;
    net.stage("mask_features", features);
    Ok(features)
}

/// The maps of the key points' own projector; checkpoints without one share the other.
fn keypoint_maps(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    config: &Config,
) -> Result<Option<Vec<Value>>> {
    let w = w.at("cross_attn_projector");
    let mark = w.get_optional("stages.0.1.weight", &[config.variant.hidden])?;
    mark.map(|_| projector(g, &w, features, config)).transpose()
}

/// Maps `[n, h, w, c]` to the tokens `[n, t, c]` of all of them, one map after the other.
fn tokens(g: &mut Graph, maps: &[Value]) -> Result<Value> {
    let mut all = Vec::with_capacity(maps.len());
    for &map in maps {
        let [n, h, w, c] = g.dims("tokens", map)?;
        all.push(g.reshape(map, &[n, h * w, c])?);
    }
    g.concat(&all, 1)
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

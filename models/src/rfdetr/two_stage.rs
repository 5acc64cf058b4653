//! The first stage: which places of the maps the decoder starts from.

use ocelli_engine::op::{Activation, Reduce};
use ocelli_engine::{Graph, Result, Value, Weights};

use super::boxes::refine;
use super::config::{Config, Level};
use crate::blocks::mlp::mlp;
use crate::blocks::rows::rows;

const EPS: f32 = 1e-5;

/// What the first stage chose.
pub(super) struct Selection {
    /// The normalised tokens `[n, t, c]`.
    pub(super) memory: Value,
    /// The best class logit of each token, `[n, t]`.
    pub(super) scores: Value,
    /// The chosen tokens, best first, `[n, k]`.
    pub(super) chosen: Value,
    /// The boxes that the queries look around, `[n, q, 4]`.
    pub(super) references: Value,
}

/// Tokens `[n, t, c]` of the levels to reference boxes. `size` is the encoder's map `[h, w]`.
pub(super) fn two_stage(
    g: &mut Graph,
    w: &Weights,
    tokens: Value,
    size: [usize; 2],
    config: &Config,
) -> Result<Selection> {
    let [n, t, c] = g.dims("two_stage", tokens)?;
    let proposals = proposals(config.variant.levels, size);
    let boxes = g.table(&[1, t, 4], proposals.boxes)?;
    let boxes = g.expand(boxes, &[n, t, 4])?;
    let tokens = if proposals.valid.contains(&0.0) {
        let valid = g.table(&[1, t, 1], proposals.valid)?;
        g.mul(tokens, valid)?
    } else {
        tokens
    };

    let t_w = w.at("transformer");
    let memory = g.linear(tokens, &t_w.at("enc_output").at(0), c)?;
    let memory = g.layer_norm(memory, &t_w.at("enc_output_norm").at(0), EPS)?;
    let logits = g.linear(memory, &t_w.at("enc_out_class_embed").at(0), config.classes)?;
    let scores = g.reduce(logits, Reduce::Max, 2..3)?;
    let scores = g.reshape(scores, &[n, t])?;
    let (_, chosen) = g.top_k(scores, config.variant.queries.min(t))?;

    let best = g.gather_rows(memory, chosen)?;
    let boxes = g.gather_rows(boxes, chosen)?;
    let head = t_w.at("enc_out_bbox_embed").at(0);
    let corrections = mlp(g, best, &head, &[c, c, 4], Activation::Relu)?;
    let boxes = refine(g, corrections, boxes)?;
    let references = learned_references(g, w, boxes, config)?;
    Ok(Selection { memory, scores, chosen, references })
}

/// The chosen boxes `[n, k, 4]`, corrected by the learned ones, to `[n, q, 4]`: queries beyond `k` have the learned
/// boxes as they are.
fn learned_references(g: &mut Graph, w: &Weights, boxes: Value, config: &Config) -> Result<Value> {
    let [n, k, _] = g.dims("two_stage", boxes)?;
    let queries = config.variant.queries;
    let learned = w.get("refpoint_embed.weight", &[config.groups * queries, 4])?;
    let learned = g.constant(rows(&learned, 0..queries)?);
    let learned = g.reshape(learned, &[1, queries, 4])?;
    let first = g.slice(learned, 1, 0..k)?;
    let references = refine(g, first, boxes)?;
    if k == queries {
        return Ok(references);
    }
    let rest = g.slice(learned, 1, k..queries)?;
    let rest = g.expand(rest, &[n, queries - k, 4])?;
    g.concat(&[references, rest], 1)
}

/// A box for each token, and whether it counts (1 or 0).
struct Proposals {
    boxes: Vec<f32>,
    valid: Vec<f32>,
}

/// A box around the centre of each token of each level. Those whose centre is in the outermost hundredth of the image do
/// not count and are zeros.
fn proposals(levels: &[Level], size: [usize; 2]) -> Proposals {
    let mut all = Proposals { boxes: vec![], valid: vec![] };
    for (i, level) in levels.iter().enumerate() {
        let side = 0.05 * (1 << i) as f32;
        let [h, w] = level.size(size);
        for (y, x) in (0..h).flat_map(|y| (0..w).map(move |x| (y, x))) {
            let proposal = [(x as f32 + 0.5) / w as f32, (y as f32 + 0.5) / h as f32, side, side];
            let valid = proposal.iter().all(|&v| v > 0.01 && v < 0.99);
            all.boxes.extend(if valid { proposal } else { [0.0; 4] });
            all.valid.push(if valid { 1.0 } else { 0.0 });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_stop_counting_from_fifty_tokens_a_side() {
        let invalid = |side| {
            let proposals = proposals(&[Level::P4], [side, side]);
            proposals.valid.iter().filter(|&&v| v == 0.0).count()
        };
        assert_eq!((invalid(49), invalid(50), invalid(64)), (0, 4 * 49, 4 * 63));
    }

    #[test]
    fn the_second_level_has_boxes_twice_as_large() {
        let proposals = proposals(&[Level::P3, Level::P5], [4, 4]);
        assert_eq!(proposals.valid.len(), 64 + 4);
        assert_eq!(proposals.boxes[..4], [0.0625, 0.0625, 0.05, 0.05]);
        assert_eq!(proposals.boxes[64 * 4..][..4], [0.25, 0.25, 0.1, 0.1]);
    }
}

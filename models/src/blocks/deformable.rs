//! Multi-scale deformable attention (Deformable DETR, Zhu et al. 2021) around boxes.

use ocelli_engine::op::Deformable;
use ocelli_engine::{Graph, Result, Value, Weights};

/// Queries `[n, q, d]` with reference boxes `[n, q, 4]` on the levels' tokens `[n, t, d]` to `[n, q, d]`.
pub(crate) fn deformable_attention(
    g: &mut Graph,
    w: &Weights,
    queries: Value,
    boxes: Value,
    memory: Value,
    spec: &Deformable,
) -> Result<Value> {
    let d = g.shape(queries).last_dim();
    let samples = spec.heads * spec.levels.len() * spec.points;
    let value = g.linear(memory, &w.at("value_proj"), d)?;
    let offsets = g.linear(queries, &w.at("sampling_offsets"), samples * 2)?;
    let weights = g.linear(queries, &w.at("attention_weights"), samples)?;
    let x = g.deformable_attention(value, boxes, offsets, weights, spec.clone())?;
    g.linear(x, &w.at("output_proj"), d)
}

//! The best of all classes' scores, in place of suppression.

use ocelli_engine::op::{Activation, Reduce, Unary};
use ocelli_engine::{Graph, Result, Value};

/// Of an image.
const MOST: usize = 300;

/// The anchors whose best class has the highest scores.
pub(super) struct Chosen {
    /// Which anchors, best first, `[n, k]`.
    pub(super) rows: Value,
    /// Their scores `[n, k, classes]`.
    pub(super) scores: Value,
}

/// Chooses among the logits `[n, anchors, classes]`.
pub(super) fn anchors(g: &mut Graph, logits: Value) -> Result<Chosen> {
    let [n, count, _] = g.dims("top_k", logits)?;
    let best = g.reduce(logits, Reduce::Max, 2..3)?;
    let best = g.reshape(best, &[n, count])?;
    let best = g.activation(best, Activation::Sigmoid);
    let (_, rows) = g.top_k(best, MOST.min(count))?;
    let logits = g.gather_rows(logits, rows)?;
    Ok(Chosen { rows, scores: g.activation(logits, Activation::Sigmoid) })
}

/// The `most` highest of `scores` `[n, k, classes]`, with what `boxes` `[n, k, 4]` and `extra` `[n, k, e]` say of their row:
/// `[n, most, 4 + 2 + e]`. A row stands there once for each class that is among the highest.
pub(super) fn detections(
    g: &mut Graph,
    scores: Value,
    boxes: Value,
    extra: Option<Value>,
    most: usize,
) -> Result<Value> {
    let [n, k, classes] = g.dims("top_k", scores)?;
    let flat = g.reshape(scores, &[n, k * classes])?;
    let (scores, places) = g.top_k(flat, most)?;
    let places = g.to_f32(places);
    let row = row_of(g, places, classes)?;
    let first = g.scale(row, classes as f32)?;
    let class = g.sub(places, first)?;
    let rows = g.to_i32(row);

    let scores = g.reshape(scores, &[n, most, 1])?;
    let class = g.reshape(class, &[n, most, 1])?;
    let mut parts = vec![g.gather_rows(boxes, rows)?, scores, class];
    if let Some(extra) = extra {
        parts.push(g.gather_rows(extra, rows)?);
    }
    g.concat(&parts, 2)
}

/// `floor(place / classes)`, by way of the middle between two places, which no rounding takes to another row.
fn row_of(g: &mut Graph, places: Value, classes: usize) -> Result<Value> {
    let half = g.table(&[1], vec![0.5])?;
    let middle = g.add(places, half)?;
    let row = g.scale(middle, 1.0 / classes as f32)?;
    Ok(g.unary(row, Unary::Floor))
}

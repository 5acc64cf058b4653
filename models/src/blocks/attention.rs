//! Multi-head attention as `PyTorch` stores it.

use ocelli_engine::op::{Epilogue, Linear};
use ocelli_engine::{Graph, Result, Value, Weights};

use super::rows::rows;

/// Multi-head attention with `in_proj_weight` and `in_proj_bias` (the rows of query, key and value, one below the
/// other) and `out_proj` at `w`: `[n, q, d]`, `[n, t, d]` and `[n, t, d]` to `[n, q, d]`. `mask` is `[q, t]` and added to
/// the scores.
pub(crate) fn in_proj_attention(
    g: &mut Graph,
    w: &Weights,
    [q, k, v]: [Value; 3],
    heads: usize,
    mask: Option<Value>,
) -> Result<Value> {
    let d = g.shape(q).last_dim();
    let [q, k, v] = in_proj(g, w, [q, k, v])?;
    let x = match mask {
        None => g.attention(q, k, v, heads)?,
        Some(mask) => g.masked_attention(q, k, v, mask, heads)?,
    };
    g.linear(x, &w.at("out_proj"), d)
}

/// The projections of [`in_proj_attention`] alone.
pub(crate) fn in_proj(g: &mut Graph, w: &Weights, [q, k, v]: [Value; 3]) -> Result<[Value; 3]> {
    let d = g.shape(q).last_dim();
    let weight = w.get("in_proj_weight", &[3 * d, d])?;
    let bias = w.get("in_proj_bias", &[3 * d])?;
    let label = w.path("in_proj");
    let mut project = |x: Value, part: usize| {
        let range = part * d..(part + 1) * d;
        let (weight, bias) = (rows(&weight, range.clone())?, Some(rows(&bias, range)?));
        g.linear_with(x, Linear { weight, bias, epilogue: Epilogue::default() }, &label)
    };
    Ok([project(q, 0)?, project(k, 1)?, project(v, 2)?])
}

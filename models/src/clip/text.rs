//! The tower for texts.

use ocelli_engine::{Graph, Result, Value, Weights};

use super::config::TextTower;
use super::layer::{EPS, Layer, Look, project};

/// What there is of the tower in a graph.
#[derive(Clone, Debug)]
pub struct TextNetwork {
    /// `[n, t, d]` after the embedding and after each layer.
    pub hidden: Vec<Value>,
    /// `[n, dimensions]`, not normalised.
    pub embedding: Value,
}

/// Numbers of tokens `[n, t]` to a vector of `dimensions`: that of the token with the largest number, the first of
/// equals, which is the one that ends the text. No token sees those behind it, so that what follows the end is of no
/// matter, and `t` may be less than the tower's own.
///
/// # Errors
/// A weight is missing or has another shape, or there are more tokens than positions.
pub fn text_tower(
    g: &mut Graph,
    w: &Weights,
    tokens: Value,
    config: &TextTower,
    dimensions: usize,
) -> Result<TextNetwork> {
    let [n, t] = g.dims("clip", tokens)?;
    let &TextTower { width: d, vocabulary, context, .. } = config;
    let table = g.constant(w.get("token_embedding.weight", &[vocabulary, d])?);
    let table = g.reshape(table, &[1, vocabulary, d])?;
    let rows = g.reshape(tokens, &[1, n * t])?;
    let rows = g.to_i32(rows);
    let x = g.gather_rows(table, rows)?;
    let x = g.reshape(x, &[n, t, d])?;
    let positions = g.constant(w.get("positional_embedding", &[context, d])?);
    let positions = g.slice(positions, 0, 0..t)?;
    let mut x = g.add(x, positions)?;
    let mut hidden = vec![x];
    let layer = Layer {
        heads: config.heads,
        hidden: config.hidden,
        activation: config.activation,
        stored: config.stored,
        scaled: config.scaled,
        look: Look::Masked(causal(g, t)?),
    };
    for i in 0..config.depth {
        x = layer.describe(g, &w.at("transformer.resblocks").at(i), x)?;
        hidden.push(x);
    }
    let end = g.arg_max(tokens)?;
    let x = g.gather_rows(x, end)?;
    let x = g.layer_norm(x, &w.at("ln_final"), EPS)?;
    let x = g.reshape(x, &[n, d])?;
    let embedding = project(g, w, ("text_projection", config.stored), x, dimensions)?;
    Ok(TextNetwork { hidden, embedding })
}

/// Minus infinity behind each token, `[t, t]`.
fn causal(g: &mut Graph, t: usize) -> Result<Value> {
    let hidden = |i: usize| if i % t > i / t { f32::NEG_INFINITY } else { 0.0 };
    g.table(&[t, t], (0..t * t).map(hidden).collect())
}

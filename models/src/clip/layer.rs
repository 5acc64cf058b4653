//! The layers of both towers' transformers: norm before attention, norm before the feed-forward part.

use ocelli_engine::op::{Activation, Epilogue, Linear};
use ocelli_engine::{Graph, Result, Shape, Tensor, Value, Weights};

use super::config::Stored;
use crate::blocks::attention::in_proj;
use crate::blocks::mlp::feed_forward;
use crate::blocks::rotary::Rotary;

/// Of all norms.
pub(super) const EPS: f32 = 1e-5;

/// A layer's sizes and kinds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layer {
    pub(super) heads: usize,
    /// Channels within the feed-forward part.
    pub(super) hidden: usize,
    pub(super) activation: Activation,
    pub(super) stored: Stored,
    /// Whether each part is scaled by channel before it is added.
    pub(super) scaled: bool,
    pub(super) look: Look,
}

/// What the tokens see of each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Look {
    /// All.
    All,
    /// All, and where they are.
    Rotary(Rotary),
    /// Where this mask `[t, t]` is not minus infinity.
    Masked(Value),
}

impl Layer {
    /// The layer at `w`: `[n, t, d]` to `[n, t, d]`.
    pub(super) fn describe(&self, g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
        let y = g.layer_norm(x, &w.at("ln_1"), EPS)?;
        let y = self.attention(g, &w.at("attn"), y)?;
        let y = self.scale(g, &w.at("ls_1"), y)?;
        let x = g.add(y, x)?;
        let y = g.layer_norm(x, &w.at("ln_2"), EPS)?;
        let y = mlp(g, &w.at("mlp"), y, self.hidden, self.activation)?;
        let y = self.scale(g, &w.at("ls_2"), y)?;
        g.add(y, x)
    }

    fn attention(&self, g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
        let d = g.shape(x).last_dim();
        let [q, k, v] = match self.stored {
            Stored::OpenAi => in_proj(g, w, [x; 3])?,
            Stored::HuggingFace => {
                let mut part = |name: &str| g.linear(x, &w.at(name), d);
                [part("q_proj")?, part("k_proj")?, part("v_proj")?]
            }
        };
        let x = match self.look {
            Look::All => g.attention(q, k, v, self.heads)?,
            Look::Rotary(rotary) => {
                let q = rotary.turn(g, q)?;
                let k = rotary.turn(g, k)?;
                g.attention(q, k, v, self.heads)?
            }
            Look::Masked(mask) => g.masked_attention(q, k, v, mask, self.heads)?,
        };
        g.linear(x, &w.at("out_proj"), d)
    }

    fn scale(&self, g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
        if self.scaled { g.layer_scale(x, w, "gamma") } else { Ok(x) }
    }
}

/// The feed-forward part at `w`.
pub(super) fn mlp(
    g: &mut Graph,
    w: &Weights,
    x: Value,
    hidden: usize,
    activation: Activation,
) -> Result<Value> {
    feed_forward(g, x, (&w.at("c_fc"), &w.at("c_proj")), hidden, activation)
}

/// `[n, in]` to `[n, out]` by the matrix `name` at `w`, `[in, out]` with OpenAI, a layer without bias with Hugging Face.
pub(super) fn project(
    g: &mut Graph,
    w: &Weights,
    (name, stored): (&str, Stored),
    x: Value,
    out: usize,
) -> Result<Value> {
    if stored == Stored::HuggingFace {
        return g.linear_no_bias(x, &w.at(name), out);
    }
    let weight = transposed(&w.get(name, &[g.shape(x).last_dim(), out])?);
    g.linear_with(x, Linear { weight, bias: None, epilogue: Epilogue::default() }, &w.path(name))
}

/// The transpose of a matrix.
fn transposed(matrix: &Tensor) -> Tensor {
    let shape = matrix.shape();
    let (rows, columns) = (shape.first().copied().unwrap_or(0), shape.last_dim());
    let Some(to) = Shape::new(&[columns, rows]) else { return matrix.clone() };
    Tensor::derive(to, &"transposed", &[matrix], move |of| {
        (0..columns)
            .flat_map(|c| (0..rows).map(move |r| (r, c)))
            .map(|(r, c)| of[0][r * columns + c])
            .collect()
    })
}

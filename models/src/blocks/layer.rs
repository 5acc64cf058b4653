//! The layers of vision transformers (Dosovitskiy et al. 2020) with the norm before each part, in the names of Hugging
//! Face's DINOv2.

use ocelli_engine::op::{Activation, Epilogue, Linear};
use ocelli_engine::{Graph, Result, Value, Weights};

use super::mlp::feed_forward;
use super::rotary::Rotary;
use super::rows::rows;

/// A layer's sizes and kinds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Layer {
    /// Attention heads.
    pub(crate) heads: usize,
    /// Channels within the feed-forward part.
    pub(crate) hidden: usize,
    /// Of the norms.
    pub(crate) eps: f32,
    /// How query, key and value are stored.
    pub(crate) query_key_value: QueryKeyValue,
    /// The feed-forward part.
    pub(crate) feed: Feed,
    /// Whether each part is scaled by channel before it is added.
    pub(crate) scaled: bool,
}

/// How the weights of query, key and value are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryKeyValue {
    /// Whether they are one below the other, as `qkv`.
    pub(crate) stacked: bool,
    /// Whether there are biases.
    pub(crate) biased: bool,
}

/// The feed-forward part of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Feed {
    /// `mlp.fc1` and `mlp.fc2` with an activation between.
    Plain(Activation),
    /// `mlp.weights_in` gives gate and value, `mlp.weights_out` takes their product.
    Gated,
}

/// What becomes of queries and keys before they meet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QueryKey<'a> {
    /// Epsilon of the norms `q_norm` and `k_norm` of each head's channels, if there are any.
    pub(crate) norm: Option<f32>,
    /// How they are turned then.
    pub(crate) rotary: Option<&'a Rotary>,
}

impl Layer {
    /// The layer at `w` on `[.., t, d]`; its attention sees the tokens as `seen`, `[n, t, d]`.
    pub(crate) fn describe(
        &self,
        g: &mut Graph,
        w: &Weights,
        x: Value,
        seen: [usize; 3],
    ) -> Result<Value> {
        self.describe_with(g, w, x, seen, QueryKey::default())
    }

    /// The same with changed queries and keys.
    pub(crate) fn describe_with(
        &self,
        g: &mut Graph,
        w: &Weights,
        x: Value,
        seen: [usize; 3],
        change: QueryKey<'_>,
    ) -> Result<Value> {
        let shape = g.shape(x);
        let x = g.reshape(x, &seen)?;
        let y = g.layer_norm(x, &w.at("norm1"), self.eps)?;
        let y = self.attention(g, &w.at("attention"), y, change)?;
        let y = self.scale(g, &w.at("layer_scale1"), y)?;
        let x = g.add(y, x)?;
        let x = g.reshape(x, &shape)?;

        let y = g.layer_norm(x, &w.at("norm2"), self.eps)?;
        let y = self.feed(g, &w.at("mlp"), y)?;
        let y = self.scale(g, &w.at("layer_scale2"), y)?;
        g.add(y, x)
    }

    /// Self-attention `[n, t, d]` to `[n, t, d]`.
    fn attention(
        &self,
        g: &mut Graph,
        w: &Weights,
        x: Value,
        change: QueryKey<'_>,
    ) -> Result<Value> {
        let d = g.shape(x).last_dim();
        let parts = w.at("attention");
        let QueryKeyValue { stacked, biased } = self.query_key_value;
        let mut part = |i: usize, name: &str| {
            if stacked {
                return row_block(g, x, &parts.at("qkv"), i, biased);
            }
            let w = parts.at(name);
            if biased { g.linear(x, &w, d) } else { g.linear_no_bias(x, &w, d) }
        };
        let (q, k, v) = (part(0, "query")?, part(1, "key")?, part(2, "value")?);
        let q = change.of(g, &parts.at("q_norm"), q, self.heads)?;
        let k = change.of(g, &parts.at("k_norm"), k, self.heads)?;
        let x = g.attention(q, k, v, self.heads)?;
        g.linear(x, &w.at("output.dense"), d)
    }

    fn feed(&self, g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
        let (d, hidden) = (g.shape(x).last_dim(), self.hidden);
        match self.feed {
            Feed::Plain(activation) => {
                feed_forward(g, x, (&w.at("fc1"), &w.at("fc2")), hidden, activation)
            }
            Feed::Gated => {
                let both = g.linear(x, &w.at("weights_in"), 2 * hidden)?;
                let axis = g.shape(both).len() - 1;
                let parts = g.split(both, axis, &[hidden, hidden])?;
                let gate = g.activation(parts[0], Activation::Silu);
                let x = g.mul(gate, parts[1])?;
                g.linear(x, &w.at("weights_out"), d)
            }
        }
    }

    fn scale(&self, g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
        if self.scaled { g.layer_scale(x, w, "lambda1") } else { Ok(x) }
    }
}

impl QueryKey<'_> {
    /// `[n, t, d]` to the same, with the norm at `w`.
    fn of(&self, g: &mut Graph, w: &Weights, x: Value, heads: usize) -> Result<Value> {
        let [n, t, d] = g.dims("attention", x)?;
        let x = match self.norm {
            None => x,
            Some(eps) => {
                let x = g.reshape(x, &[n, t, heads, d / heads])?;
                let x = g.layer_norm(x, w, eps)?;
                g.reshape(x, &[n, t, d])?
            }
        };
        match self.rotary {
            None => Ok(x),
            Some(rotary) => rotary.turn(g, x),
        }
    }
}

/// The linear layer of the rows of part `i` of three: `[.., d]` to `[.., d]`.
fn row_block(g: &mut Graph, x: Value, w: &Weights, i: usize, biased: bool) -> Result<Value> {
    let d = g.shape(x).last_dim();
    let range = i * d..(i + 1) * d;
    let weight = rows(&w.get("weight", &[3 * d, d])?, range.clone())?;
    let bias = if biased { Some(rows(&w.get("bias", &[3 * d])?, range)?) } else { None };
    g.linear_with(x, Linear { weight, bias, epilogue: Epilogue::default() }, w.prefix())
}

//! Stacks of linear layers.

use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Result, Value, Weights};

/// `layers.0`, `layers.1`, .. at `w`, of the given widths, with `activation` between them: `[.., in]` to `[.., out]`.
pub(crate) fn mlp(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    widths: &[usize],
    activation: Activation,
) -> Result<Value> {
    let mut x = x;
    for (i, &width) in widths.iter().enumerate() {
        if i > 0 {
            x = g.activation(x, activation);
        }
        x = g.linear(x, &w.at("layers").at(i), width)?;
    }
    Ok(x)
}

/// A transformer's feed-forward part: `[.., d]` to `[.., hidden]` by the layer `up`, back by the layer `down`.
pub(crate) fn feed_forward(
    g: &mut Graph,
    x: Value,
    (up, down): (&Weights, &Weights),
    hidden: usize,
    activation: Activation,
) -> Result<Value> {
    let d = g.shape(x).last_dim();
    let x = g.linear(x, up, hidden)?;
    let x = g.activation(x, activation);
    g.linear(x, down, d)
}

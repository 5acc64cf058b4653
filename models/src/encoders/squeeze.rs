//! Squeeze and excitation (Hu et al. 2017): channels weighted by what there is in the whole map.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

/// `[n, h, w, c]` to the same, each channel times a factor that `reduce` and `expand` at `w` make of all means.
pub(crate) fn squeeze(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    [reduce, expand]: [&str; 2],
    inner: usize,
) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let y = g.global_avg_pool(x)?;
    let y = g.conv(y, &w.at(reduce), inner, Conv::k(1))?;
    let y = g.activation(y, Activation::Silu);
    let y = g.conv(y, &w.at(expand), channels, Conv::k(1))?;
    let y = g.activation(y, Activation::Sigmoid);
    g.mul(x, y)
}

//! Classes of whole images.

use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::Head;
use super::found::out_channels;
use crate::blocks::conv_norm::ConvNorm;

/// PyTorch's: networks that classify keep it, and the head that makes a classifier of a detector is new.
const EPS: f32 = 1e-5;

/// Maps of one size to `scores`.
pub(super) fn classify(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    head: &Head<'_>,
) -> Result<()> {
    let x = match features {
        [x] => *x,
        _ => g.concat(features, 3)?,
    };
    let width = out_channels(w, "conv.conv.weight")?;
    let unit = ConvNorm { eps: EPS, activation: head.activation };
    let x = unit.run(g, x, &w.at("conv"), ["conv", "bn"], width, Conv::k(1))?;
    let x = g.global_avg_pool(x)?;
    let n = g.shape(x)[0];
    let x = g.reshape(x, &[n, width])?;
    let logits = g.linear(x, &w.at("linear"), head.classes)?;
    let scores = g.softmax(logits);
    g.output("scores", scores);
    Ok(())
}

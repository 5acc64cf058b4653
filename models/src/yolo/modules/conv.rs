//! The convolution unit that all YOLO modules are made of.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

/// Of all batch norms of the family.
pub(in crate::yolo) const EPS: f32 = 1e-3;

/// Convolution, batch norm, activation: `[n, h, w, in]` to `[n, h', w', out]`.
///
/// A checkpoint whose norms were folded has `conv.bias` in place of `bn`.
pub(in crate::yolo) fn unit(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    conv: Conv,
    activation: Option<Activation>,
) -> Result<Value> {
    let folded = w.get_optional("conv.bias", &[out])?.is_some();
    let x = if folded {
        g.conv(x, &w.at("conv"), out, conv)?
    } else {
        let x = g.conv_no_bias(x, &w.at("conv"), out, conv)?;
        g.batch_norm(x, &w.at("bn"), EPS)?
    };
    Ok(activation.map_or(x, |activation| g.activation(x, activation)))
}

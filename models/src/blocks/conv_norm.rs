//! A convolution, its batch norm and its activation.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

/// What follows the convolutions of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ConvNorm {
    /// What norms add to the variance.
    pub(crate) eps: f32,
    pub(crate) activation: Activation,
}

impl ConvNorm {
    /// `[n, h, w, c]` to `[n, h', w', out]` with the convolution `conv` and the norm `norm` at `w`. Where the weights have no
    /// norm it is folded into the convolution, which then has a bias.
    pub(crate) fn run(
        self,
        g: &mut Graph,
        x: Value,
        w: &Weights,
        names: [&str; 2],
        out: usize,
        geometry: Conv,
    ) -> Result<Value> {
        self.around(g, w, names, out, |g, w, folded| {
            if folded { g.conv(x, w, out, geometry) } else { g.conv_no_bias(x, w, out, geometry) }
        })
    }

    /// The same about another convolution, which is given its weights and whether the norm is folded into them.
    pub(crate) fn around(
        self,
        g: &mut Graph,
        w: &Weights,
        [conv, norm]: [&str; 2],
        out: usize,
        convolve: impl FnOnce(&mut Graph, &Weights, bool) -> Result<Value>,
    ) -> Result<Value> {
        let norm = w.at(norm);
        let folded = norm.get_optional("weight", &[out])?.is_none();
        let x = convolve(g, &w.at(conv), folded)?;
        let x = if folded { x } else { g.batch_norm(x, &norm, self.eps)? };
        Ok(g.activation(x, self.activation))
    }
}

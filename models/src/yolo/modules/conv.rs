//! The convolution unit that all YOLO modules are made of.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use crate::blocks::conv_norm::ConvNorm;

/// Of the batch norms of all networks but classifiers.
pub(in crate::yolo) const EPS: f32 = 1e-3;

/// What the convolution units of a network have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::yolo) struct Units {
    /// What follows the norm.
    pub(in crate::yolo) activation: Activation,
    /// What batch norms add to the variance.
    pub(in crate::yolo) eps: f32,
}

impl Units {
    /// Convolution, batch norm, activation: `[n, h, w, in]` to `[n, h', w', out]`.
    ///
    /// A checkpoint whose norms were folded has `conv.bias` in place of `bn`.
    pub(in crate::yolo) fn conv(
        self,
        g: &mut Graph,
        x: Value,
        w: &Weights,
        out: usize,
        conv: Conv,
    ) -> Result<Value> {
        let Units { activation, eps } = self;
        ConvNorm { eps, activation }.run(g, x, w, ["conv", "bn"], out, conv)
    }

    /// [`Units::conv`] with a kernel of odd side `k` that keeps the size.
    pub(in crate::yolo) fn same(
        self,
        g: &mut Graph,
        x: Value,
        w: &Weights,
        out: usize,
        k: usize,
    ) -> Result<Value> {
        self.conv(g, x, w, out, Conv::same(k))
    }

    /// [`Units::conv`] without an activation.
    pub(in crate::yolo) fn linear(
        self,
        g: &mut Graph,
        x: Value,
        w: &Weights,
        out: usize,
        conv: Conv,
    ) -> Result<Value> {
        self.with(Activation::Identity).conv(g, x, w, out, conv)
    }

    /// The same with another activation.
    pub(in crate::yolo) fn with(self, activation: Activation) -> Units {
        Units { activation, ..self }
    }
}

/// A convolution unit on its own, with the norm of a detector: see [`Units::conv`].
pub(in crate::yolo) fn unit(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    conv: Conv,
    activation: Option<Activation>,
) -> Result<Value> {
    let activation = activation.unwrap_or(Activation::Identity);
    Units { activation, eps: EPS }.conv(g, x, w, out, conv)
}

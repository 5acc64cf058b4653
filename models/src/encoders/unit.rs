//! A convolution, its norm and its activation.

use ocelli_engine::op::{Activation, Conv2d, Epilogue};
use ocelli_engine::{Graph, Result, Value, Weights};

use crate::blocks::conv_norm::ConvNorm;

/// What stands around the picture of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Border {
    /// As much on all sides as keeps the size at stride 1.
    Even,
    /// As little as gives `ceil(side / stride)`, the odd pixel at the right and at the bottom: TensorFlow's `SAME`.
    Same,
    /// That of [`Border::Same`] for a picture with sides of so many pixels, whatever the picture is.
    SameAs(usize),
}

/// The geometry of a convolution, and what follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Unit {
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    pub(crate) border: Border,
    /// What the norm adds to the variance.
    pub(crate) eps: f32,
    pub(crate) activation: Activation,
    /// Each channel by itself.
    pub(crate) depthwise: bool,
}

impl Unit {
    /// A dense convolution.
    pub(crate) fn new(kernel: usize, eps: f32, activation: Activation) -> Unit {
        let border = Border::Even;
        Unit { kernel, stride: 1, dilation: 1, border, eps, activation, depthwise: false }
    }

    #[must_use]
    pub(crate) fn stride(self, stride: usize) -> Unit {
        Unit { stride, ..self }
    }

    #[must_use]
    pub(crate) fn dilation(self, dilation: usize) -> Unit {
        Unit { dilation, ..self }
    }

    #[must_use]
    pub(crate) fn border(self, border: Border) -> Unit {
        Unit { border, ..self }
    }

    #[must_use]
    pub(crate) fn depthwise(self) -> Unit {
        Unit { depthwise: true, ..self }
    }

    /// `[n, h, w, c]` to `[n, h', w', out]` with the convolution and the norm of these names at `w`.
    pub(crate) fn run(
        &self,
        g: &mut Graph,
        x: Value,
        w: &Weights,
        names: [&str; 2],
        out: usize,
    ) -> Result<Value> {
        let [_, height, width, channels] = g.dims("conv2d", x)?;
        let groups = if self.depthwise { channels } else { 1 };
        let ([top, bottom], [left, right]) = (self.pads(height), self.pads(width));
        let weight = [out, channels / groups.max(1), self.kernel, self.kernel];
        let Unit { stride, dilation, eps, activation, .. } = *self;
        ConvNorm { eps, activation }.around(g, w, names, out, |g, w, folded| {
            let op = Conv2d {
                weight: w.get("weight", &weight)?,
                bias: if folded { Some(w.get("bias", &[out])?) } else { None },
                stride: [stride; 2],
                pad: [top, left, bottom, right],
                dilation: [dilation; 2],
                groups,
                epilogue: Epilogue::default(),
            };
            g.conv_with(x, op, w.prefix())
        })
    }

    /// Zeros before and after a side.
    fn pads(&self, side: usize) -> [usize; 2] {
        let reach = (self.kernel - 1) * self.dilation;
        let same = |side: usize| {
            let last = side.div_ceil(self.stride).saturating_sub(1) * self.stride;
            let total = (last + reach + 1).saturating_sub(side);
            [total / 2, total - total / 2]
        };
        match self.border {
            Border::Even => [reach / 2; 2],
            Border::Same => same(side),
            Border::SameAs(side) => same(side),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_where_they_are_in_the_originals() {
        let unit = |border| Unit::new(3, 1e-3, Activation::Relu).stride(2).border(border);
        let rows = [
            (unit(Border::Even), 64, [1, 1]),
            (unit(Border::Same), 64, [0, 1]),
            (unit(Border::Same), 63, [1, 1]),
            (unit(Border::SameAs(63)), 64, [1, 1]),
            (unit(Border::Same).stride(1).dilation(2), 10, [2, 2]),
        ];
        for (unit, side, pads) in rows {
            assert_eq!(unit.pads(side), pads, "{unit:?}");
        }
    }
}

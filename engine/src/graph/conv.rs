//! Convolutions.

use super::{Graph, Value, checked, mismatch};
use crate::op::{Activation, Conv2d, ConvTranspose2d, Epilogue, Op};
use crate::{Result, Tensor, Weights};

/// The geometry of a convolution.
///
/// ```
/// # use ocelli_engine::Conv;
/// let stem = Conv::k(7).stride(2).pad(3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    kernel: [usize; 2],
    stride: usize,
    pad: [usize; 2],
    dilation: usize,
    groups: usize,
}

impl Conv {
    /// A square kernel of side `k`, stride 1, without padding.
    pub fn k(k: usize) -> Conv {
        Conv { kernel: [k, k], stride: 1, pad: [0, 0], dilation: 1, groups: 1 }
    }

    /// A square kernel of odd side `k` whose padding keeps the size at stride 1.
    pub fn same(k: usize) -> Conv {
        Conv::k(k).pad(k / 2)
    }

    /// Steps of `stride` down and across.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Conv {
        self.stride = stride;
        self
    }

    /// `pad` zeros on all four sides.
    #[must_use]
    pub fn pad(mut self, pad: usize) -> Conv {
        self.pad = [pad, pad];
        self
    }

    /// `dilation` pixels from one tap to the next.
    #[must_use]
    pub fn dilation(mut self, dilation: usize) -> Conv {
        self.dilation = dilation;
        self
    }

    /// Channels in `groups` groups.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Conv {
        self.groups = groups;
        self
    }
}

impl Graph {
    /// `[n, h, w, in]` to `[n, h', w', out]` with `weight` and `bias` at `w`.
    ///
    /// # Errors
    /// A weight is missing or has another shape, or the kernel does not fit the image.
    pub fn conv(&mut self, x: Value, w: &Weights, out: usize, conv: Conv) -> Result<Value> {
        let bias = Some(w.get("bias", &[out])?);
        self.conv_from(x, w, out, conv, bias)
    }

    /// Like [`Graph::conv`], without a bias.
    ///
    /// # Errors
    /// As [`Graph::conv`].
    pub fn conv_no_bias(&mut self, x: Value, w: &Weights, out: usize, conv: Conv) -> Result<Value> {
        self.conv_from(x, w, out, conv, None)
    }

    /// A convolution without bias named `conv`, a batch norm named `norm` (epsilon 1e-5) and an activation.
    ///
    /// # Errors
    /// As [`Graph::conv`].
    #[allow(clippy::too_many_arguments, reason = "one line of a network's table")]
    pub fn conv_bn(
        &mut self,
        x: Value,
        w: &Weights,
        (conv, norm): (&str, &str),
        out: usize,
        geometry: Conv,
        activation: Activation,
    ) -> Result<Value> {
        let x = self.conv_no_bias(x, &w.at(conv), out, geometry)?;
        let x = self.batch_norm(x, &w.at(norm), 1e-5)?;
        Ok(self.activation(x, activation))
    }

    fn conv_from(
        &mut self,
        x: Value,
        w: &Weights,
        out: usize,
        conv: Conv,
        bias: Option<Tensor>,
    ) -> Result<Value> {
        let [_, _, _, channels] = self.dims("conv2d", x)?;
        let Conv { kernel: [kh, kw], stride, pad: [v, h], dilation, groups } = conv;
        let weight = w.get("weight", &[out, channels / groups.max(1), kh, kw])?;
        let op = Conv2d {
            weight,
            bias,
            stride: [stride, stride],
            pad: [v, h, v, h],
            dilation: [dilation, dilation],
            groups,
            epilogue: Epilogue::default(),
        };
        self.conv_with(x, op, w.prefix())
    }

    /// `[n, h, w, in]` to `[n, h', w', out]` with tensors at hand; without an epilogue.
    ///
    /// # Errors
    /// The tensors do not fit, or the kernel does not fit the image.
    pub fn conv_with(&mut self, x: Value, op: Conv2d, label: &str) -> Result<Value> {
        let [n, h, w, channels] = self.dims("conv2d", x)?;
        let &[out, inner, kh, kw] = &*op.weight.shape() else {
            return mismatch("conv2d", format!("the weight's shape is {}", op.weight.shape()));
        };
        let grouped = op.groups > 0 && inner * op.groups == channels && out % op.groups == 0;
        if !grouped || op.bias.as_ref().is_some_and(|b| b.shape() != [out]) {
            let (image, weight, groups) = (self.shape(x), op.weight.shape(), op.groups);
            return mismatch("conv2d", format!("{image} with {weight} in {groups} groups"));
        }
        let [top, left, bottom, right] = op.pad;
        let height = extent(h + top + bottom, kh, op.stride[0], op.dilation[0]);
        let width = extent(w + left + right, kw, op.stride[1], op.dilation[1]);
        let (Some(height), Some(width)) = (height, width) else {
            return mismatch("conv2d", format!("a {kh}x{kw} kernel on a {h}x{w} image"));
        };
        let shape = checked("conv2d", &[n, height, width, out])?;
        let y = self.push(Op::Conv2d(op), &[x], shape);
        self.label(label);
        Ok(y)
    }

    /// `[n, h, w, in]` to `[n, (h - 1) * stride + k - 2 * pad, .., out]` with `weight` `[in, out, k, k]` and `bias` at `w`.
    ///
    /// # Errors
    /// A weight is missing or has another shape.
    pub fn conv_transpose(
        &mut self,
        x: Value,
        w: &Weights,
        out: usize,
        conv: Conv,
    ) -> Result<Value> {
        let [n, h, width, channels] = self.dims("conv_transpose2d", x)?;
        let [kh, kw] = conv.kernel;
        let weight = w.get("weight", &[channels, out, kh, kw])?;
        let bias = Some(w.get("bias", &[out])?);
        let grown = |size: usize, k: usize, pad: usize| {
            (size.checked_sub(1)? * conv.stride + k).checked_sub(2 * pad).filter(|&size| size > 0)
        };
        let sides = grown(h, kh, conv.pad[0]).zip(grown(width, kw, conv.pad[1]));
        let Some((height, width)) = sides.filter(|_| conv.dilation == 1 && conv.groups == 1) else {
            return mismatch("conv_transpose2d", format!("{conv:?} on {}", self.shape(x)));
        };
        let shape = checked("conv_transpose2d", &[n, height, width, out])?;
        let op = ConvTranspose2d { weight, bias, stride: [conv.stride; 2], pad: conv.pad };
        let y = self.push(Op::ConvTranspose2d(op), &[x], shape);
        self.label(w.prefix());
        Ok(y)
    }
}

/// Places for a window of `kernel` taps on `size` pixels, padding included.
pub(super) fn extent(size: usize, kernel: usize, stride: usize, dilation: usize) -> Option<usize> {
    let reach = kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)?;
    Some(size.checked_sub(reach)?.checked_div(stride)? + 1)
}

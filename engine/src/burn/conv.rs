//! Convolutions. Burn's images are channels first: they are seen through permuted views.

use burn_backend::Backend;
use burn_backend::ops::{ConvOptions, ConvTransposeOptions};

use super::arithmetic::finish;
use super::array::Array;
use super::kernels::{COLUMNS, Conv, Kernels, Window};
use super::layout::surround;
use crate::Result;
use crate::eager::{Constants, Form};
use crate::op::{Conv2d, ConvTranspose2d, Op};

/// `[n, h, w, in]`, and what is added, to `[n, h', w', out]`.
pub(super) fn conv2d<B: Kernels>(
    conv: &Conv2d,
    x: &[Array<B>],
    shape: &[usize],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let bias = w.get_optional(conv.bias.as_ref())?;
    if conv.groups != 1 {
        let y = in_groups(conv, x[0].clone(), w.get(&conv.weight)?);
        return Ok(finish(conv.epilogue, y, bias, x.get(1)));
    }
    let [top, left, ..] = conv.pad;
    let kernel = conv.weight.shape();
    let weight = w.get_in(Form::Factor, &conv.weight)?;
    let of = Conv {
        weight: weight.0,
        bias: bias.map(|bias| bias.0),
        window: Window {
            kernel: [kernel[2], kernel[3]],
            stride: conv.stride,
            pad: [top, left],
            dilation: conv.dilation,
        },
        extents: [shape[1], shape[2], shape[3]],
        residual: conv.epilogue.residual.zip(x.get(1).map(|more| more.0.clone())),
        activation: conv.epilogue.activation,
    };
    Ok(x[0].clone().map(|x| B::conv(x, of)))
}

/// The form in which `op` reads its weight.
pub(super) fn form(op: &Op) -> Form {
    match op {
        Op::Conv2d(conv) if conv.groups == 1 => Form::Factor,
        Op::Linear(_) => Form::Factor,
        _ => Form::Stored,
    }
}

/// Weights `[out, in, kh, kw]` or `[out, in]` as [`Conv::weight`].
pub(super) fn factor<B: Kernels>(weight: Array<B>) -> Array<B> {
    let weight = match weight.extents().len() {
        4 => weight.permute(&[2, 3, 1, 0]),
        _ => weight.transpose(),
    };
    let out = weight.last();
    let depth = weight.extents().iter().rev().skip(1).product();
    let missing = out.next_multiple_of(COLUMNS) - out;
    let flat = weight.reshape(&[depth, out]);
    let whole = if missing == 0 { flat } else { surround(&flat, 1, [0, missing], 0.0) };
    whole.map(B::row_major)
}

fn in_groups<B: Backend>(conv: &Conv2d, x: Array<B>, weight: Array<B>) -> Array<B> {
    let [top, left, bottom, right] = conv.pad;
    let (image, pad) = if (top, left) == (bottom, right) {
        (x, [top, left])
    } else {
        let down = surround(&x, 1, [top, bottom], 0.0);
        (surround(&down, 2, [left, right], 0.0), [0, 0])
    };
    let options = ConvOptions::new(conv.stride, pad, conv.dilation, conv.groups);
    channels_last(Array(B::conv2d(channels_first(image).0, weight.0, None, options)))
}

/// `[n, h, w, in]` to `[n, h', w', out]`, upwards.
pub(super) fn conv_transpose2d<B: Backend>(
    conv: &ConvTranspose2d,
    x: Array<B>,
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let options = ConvTransposeOptions::new(conv.stride, conv.pad, [0; 2], [1; 2], 1);
    let weight = w.get(&conv.weight)?;
    let bias = w.get_optional(conv.bias.as_ref())?;
    let image = channels_first(x).0;
    let y = B::conv_transpose2d(image, weight.0, bias.map(|bias| bias.0), options);
    Ok(channels_last(Array(y)))
}

/// `[n, h, w, c]` to `[n, c, h, w]`.
pub(super) fn channels_first<B: Backend>(x: Array<B>) -> Array<B> {
    x.permute(&[0, 3, 1, 2])
}

/// `[n, c, h, w]` to `[n, h, w, c]`.
pub(super) fn channels_last<B: Backend>(x: Array<B>) -> Array<B> {
    x.permute(&[0, 2, 3, 1])
}

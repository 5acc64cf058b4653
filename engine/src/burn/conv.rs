//! Convolutions. Burn's images are channels first: they are seen through permuted views.

use burn_backend::Backend;
use burn_backend::ops::{ConvOptions, ConvTransposeOptions};

use super::arithmetic::finish;
use super::array::Array;
use super::kernels::Kernels;
use super::layout::surround;
use crate::Result;
use crate::eager::Constants;
use crate::op::{Conv2d, ConvTranspose2d};

/// `[n, h, w, in]`, and what is added, to `[n, h', w', out]`.
pub(super) fn conv2d<B: Kernels>(
    conv: &Conv2d,
    x: &[Array<B>],
    w: &Constants<Array<B>>,
) -> Result<Array<B>> {
    let [top, left, bottom, right] = conv.pad;
    let (image, pad) = if (top, left) == (bottom, right) {
        (x[0].clone(), [top, left])
    } else {
        let down = surround(&x[0], 1, [top, bottom], 0.0);
        (surround(&down, 2, [left, right], 0.0), [0, 0])
    };
    let options = ConvOptions::new(conv.stride, pad, conv.dilation, conv.groups);
    let weight = w.get(&conv.weight)?;
    let bias = w.get_optional(conv.bias.as_ref())?;
    let y = B::conv2d(channels_first(image).0, weight.0, None, options);
    Ok(finish(conv.epilogue, channels_last(Array(y)), bias, x.get(1)))
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

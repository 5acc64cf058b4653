//! Convolutions.

use candle_core::{Device, Result, Tensor};

use super::arithmetic::finish;
use super::weights::Weights;
use crate::op::{Conv2d, ConvTranspose2d};

/// `[n, h, w, in]`, and what is added, to `[n, h', w', out]`. The window stands at every place; the places between the
/// strides are dropped, the taps between the dilated ones are zeros.
pub(super) fn conv2d(conv: &Conv2d, x: &[Tensor], w: &Weights) -> Result<Tensor> {
    let [top, left, bottom, right] = conv.pad;
    let image = channels_first(&x[0])?;
    let image = image.pad_with_zeros(2, top, bottom)?.pad_with_zeros(3, left, right)?;
    let kernel = spread(&w.get(&conv.weight)?, conv.dilation)?;
    let y = match conv.stride {
        [down, across] if down == across => image.conv2d(&kernel, 0, down, 1, conv.groups)?,
        stride => every(&image.conv2d(&kernel, 0, 1, 1, conv.groups)?, stride)?,
    };
    let y = channels_last(&y, w.get_optional(conv.bias.as_ref())?)?;
    finish(&conv.epilogue, &y, x.get(1))
}

/// `[n, h, w, in]` to `[n, h', w', out]`: zeros between the pixels, and the border cut.
pub(super) fn conv_transpose2d(conv: &ConvTranspose2d, x: &Tensor, w: &Weights) -> Result<Tensor> {
    let image = spread(&channels_first(x)?, conv.stride)?;
    let y = image.conv_transpose2d(&w.get(&conv.weight)?, 0, 0, 1, 1)?;
    let (_, _, height, width) = y.dims4()?;
    let [v, h] = conv.pad;
    let y = y.narrow(2, v, height - 2 * v)?.narrow(3, h, width - 2 * h)?;
    channels_last(&y, w.get_optional(conv.bias.as_ref())?)
}

fn channels_first(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 3, 1, 2))?.contiguous()
}

fn channels_last(x: &Tensor, bias: Option<Tensor>) -> Result<Tensor> {
    let y = x.permute((0, 2, 3, 1))?.contiguous()?;
    bias.map_or(Ok(y.clone()), |bias| y.broadcast_add(&bias))
}

/// Zeros between the rows and between the columns, so that neighbours are `steps` apart.
fn spread(x: &Tensor, steps: [usize; 2]) -> Result<Tensor> {
    let mut x = x.clone();
    for (axis, step) in [(2, steps[0]), (3, steps[1])] {
        let extent = x.dim(axis)?;
        let mut dims = x.dims().to_vec();
        dims[axis] = extent * step;
        let spread = x.contiguous()?.unsqueeze(axis + 1)?.pad_with_zeros(axis + 1, 0, step - 1)?;
        x = spread.reshape(dims)?.narrow(axis, 0, (extent - 1) * step + 1)?;
    }
    x.contiguous()
}

/// Every `steps[0]`th row and every `steps[1]`th column.
fn every(x: &Tensor, steps: [usize; 2]) -> Result<Tensor> {
    let mut x = x.clone();
    for (axis, step) in [(2, steps[0]), (3, steps[1])] {
        let kept = Tensor::arange_step(0, x.dim(axis)? as u32, step as u32, &Device::Cpu)?;
        x = x.contiguous()?.index_select(&kept, axis)?;
    }
    Ok(x)
}

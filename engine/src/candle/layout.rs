//! The same elements in other places.

use candle_core::{Device, Result, Tensor};

use crate::Shape;
use crate::op::PadMode;

/// Every `step`th element along `axis` from `start` on, as many as `shape` has.
pub(super) fn slice(
    x: &Tensor,
    axis: usize,
    start: usize,
    step: usize,
    shape: &Shape,
) -> Result<Tensor> {
    select(x, axis, (0..shape[axis]).map(|i| start + i * step))
}

/// More elements around.
pub(super) fn pad(x: &Tensor, pads: &[[usize; 2]], mode: PadMode) -> Result<Tensor> {
    let mut x = x.clone();
    for (axis, &[before, after]) in pads.iter().enumerate() {
        let extent = x.dim(axis)? as i64;
        let padded = -(before as i64)..extent + after as i64;
        x = match mode {
            PadMode::Constant(value) => surround(&x, axis, [before, after], value)?,
            PadMode::Reflect => select(&x, axis, padded.map(|i| mirrored(i, extent)))?,
            PadMode::Edge => select(&x, axis, padded.map(|i| i.clamp(0, extent - 1) as usize))?,
        };
    }
    Ok(x)
}

/// The index inside `extent` of which `i` is the mirror image at one of the edges.
fn mirrored(i: i64, extent: i64) -> usize {
    let last = extent - 1;
    (last - (last - i.abs()).abs()) as usize
}

fn surround(x: &Tensor, axis: usize, pads: [usize; 2], value: f32) -> Result<Tensor> {
    let side = |extent: usize| {
        let mut dims = x.dims().to_vec();
        dims[axis] = extent;
        Tensor::full(value, dims, &Device::Cpu)
    };
    Tensor::cat(&[side(pads[0])?, x.clone(), side(pads[1])?], axis)
}

fn select(x: &Tensor, axis: usize, kept: impl Iterator<Item = usize>) -> Result<Tensor> {
    let kept: Vec<u32> = kept.map(|i| i as u32).collect();
    let count = kept.len();
    x.index_select(&Tensor::from_vec(kept, count, &Device::Cpu)?, axis)
}

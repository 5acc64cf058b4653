//! Single convolutions, and those that change the size of a map.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::call::Call;
use super::conv::Units;

/// `Conv`: kernel, stride, padding, groups, dilation, activation.
pub(super) fn conv(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let dilation = call.size(4, 1)?;
    let geometry = geometry(call.size(0, 1)?, call.size(1, 1)?, call.optional_size(2)?, dilation)?;
    let geometry = geometry.groups(call.size(3, 1)?);
    units(call, 5)?.conv(g, x, w, call.out, geometry)
}

/// `DWConv`: kernel, stride, dilation, activation; as many groups as divide the channels on both sides.
pub(super) fn depthwise(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let groups = common_divisor(g.shape(x).last_dim(), call.out);
    let geometry = geometry(call.size(0, 1)?, call.size(1, 1)?, None, call.size(2, 1)?)?;
    units(call, 3)?.conv(g, x, w, call.out, geometry.groups(groups))
}

/// `Focus`: a unit on the four pixels of each 2 x 2 square side by side, column by column.
pub(super) fn focus(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let [_, height, width, _] = g.dims("focus", x)?;
    let mut parts = Vec::with_capacity(4);
    for (left, top) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let rows = g.slice_step(x, 1, top.min(height)..height, 2)?;
        parts.push(g.slice_step(rows, 2, left.min(width)..width, 2)?);
    }
    let x = g.concat(&parts, 3)?;
    let geometry = geometry(call.size(0, 1)?, call.size(1, 1)?, call.optional_size(2)?, 1)?;
    let geometry = geometry.groups(call.size(3, 1)?);
    units(call, 4)?.conv(g, x, &w.at("conv"), call.out, geometry)
}

/// `nn.ConvTranspose2d`: kernel, stride, padding.
pub(super) fn transposed(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let geometry = Conv::k(call.size(0, 1)?).stride(call.size(1, 1)?).pad(call.size(2, 0)?);
    g.conv_transpose(x, w, call.out, geometry)
}

/// `GhostConv`: kernel, stride, groups, activation.
pub(super) fn ghost_conv(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let geometry = geometry(call.size(0, 1)?, call.size(1, 1)?, None, 1)?;
    ghost(g, x, w, call.out, geometry.groups(call.size(2, 1)?), units(call, 3)?)
}

/// Half of the channels by a convolution, the other half from them by a cheap one.
pub(super) fn ghost(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    geometry: Conv,
    units: Units,
) -> Result<Value> {
    let half = out / 2;
    let x = units.conv(g, x, &w.at("cv1"), half, geometry)?;
    let y = units.conv(g, x, &w.at("cv2"), half, Conv::same(5).groups(half))?;
    g.concat(&[x, y], 3)
}

/// `AConv`: a mean of 2 x 2 pixels at every place, then a unit of stride 2.
pub(super) fn average_down(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let x = g.avg_pool(x, 2, 1, 0)?;
    call.units.conv(g, x, &w.at("cv1"), call.out, Conv::same(3).stride(2))
}

/// `ADown`: as `AConv` for half of the channels, by the largest of 3 x 3 pixels for the others.
pub(super) fn split_down(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let x = g.avg_pool(x, 2, 1, 0)?;
    let half = g.shape(x).last_dim() / 2;
    let parts = g.split(x, 3, &[half, half])?;
    let out = call.out / 2;
    let x = call.units.conv(g, parts[0], &w.at("cv1"), out, Conv::same(3).stride(2))?;
    let y = g.max_pool(parts[1], 3, 2, 1)?;
    let y = call.units.same(g, y, &w.at("cv2"), out, 1)?;
    g.concat(&[x, y], 3)
}

/// `SCDown`: kernel, stride. Channels first, then pixels.
pub(super) fn channels_down(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    call: &Call<'_>,
) -> Result<Value> {
    let geometry = geometry(call.size(0, 3)?, call.size(1, 2)?, None, 1)?;
    let x = call.units.same(g, x, &w.at("cv1"), call.out, 1)?;
    call.units.linear(g, x, &w.at("cv2"), call.out, geometry.groups(call.out))
}

/// The call's units, with the activation that the argument at `i` asks for: the default or none.
fn units(call: &Call<'_>, i: usize) -> Result<Units> {
    let wanted = call.flag(i, true)?;
    Ok(if wanted { call.units } else { call.units.with(Activation::Identity) })
}

/// Padding, if it is not given, is what keeps the size at stride 1 and an odd kernel.
fn geometry(kernel: usize, stride: usize, pad: Option<usize>, dilation: usize) -> Result<Conv> {
    const MOST: usize = 64;
    let all = [kernel, stride, dilation];
    if all.iter().any(|&size| !(1..=MOST).contains(&size)) || pad.is_some_and(|pad| pad > MOST) {
        let what = format!("kernel {kernel}, stride {stride}, dilation {dilation}, pad {pad:?}");
        return Err(Error::Shape { op: "argument", what });
    }
    let reach = dilation * (kernel - 1) + 1;
    let pad = pad.unwrap_or(reach / 2);
    Ok(Conv::k(kernel).stride(stride).pad(pad).dilation(dilation))
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

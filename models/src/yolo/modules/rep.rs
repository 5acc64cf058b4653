//! Blocks whose parallel convolutions become one.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::call::Call;
use super::conv::Units;
use super::csp::{c2f_of, c3_of, stack};
use crate::blocks::kernel::Kernel;

/// `RepC3`: expansion.
pub(super) fn rep_c3(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (inner, units) = (call.inner(0, 1.0)?, call.units);
    let y = units.same(g, x, &w.at("cv1"), inner, 1)?;
    let y = stack(g, y, &w.at("m"), call.repeats, |g, x, w| rep_conv(g, x, w, inner, units))?;
    let aside = units.same(g, x, &w.at("cv2"), inner, 1)?;
    let x = g.add(y, aside)?;
    if inner == call.out { Ok(x) } else { units.same(g, x, &w.at("cv3"), call.out, 1) }
}

/// `RepNCSPELAN4`: channels after the first unit, channels of the stacks, blocks of a stack.
pub(super) fn rep_elan(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (stack, depth) = (call.size(1, call.out)?, call.size(2, 1)?);
    elan(g, x, w, call, |g, x, w| {
        let x = rep_csp(g, x, &w.at(0), stack, depth, call.units)?;
        call.units.same(g, x, &w.at(1), stack, 3)
    })
}

/// `ELAN1`: channels after the first unit, channels of the others.
pub(super) fn elan1(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let inner = call.size(1, call.out)?;
    elan(g, x, w, call, |g, x, w| call.units.same(g, x, w, inner, 3))
}

/// Half of the channels through `stage` twice; all that was there on the way is joined.
fn elan(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    call: &Call<'_>,
    stage: impl Fn(&mut Graph, Value, &Weights) -> Result<Value>,
) -> Result<Value> {
    let first = call.size(0, call.out)?;
    let x = call.units.same(g, x, &w.at("cv1"), first, 1)?;
    let mut maps = g.split(x, 3, &[first / 2, first / 2])?;
    for name in ["cv2", "cv3"] {
        let last = maps[maps.len() - 1];
        maps.push(stage(g, last, &w.at(name))?);
    }
    let x = g.concat(&maps, 3)?;
    call.units.same(g, x, &w.at("cv4"), call.out, 1)
}

fn rep_csp(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    depth: usize,
    units: Units,
) -> Result<Value> {
    let inner = out / 2;
    c3_of(g, x, w, (out, inner), units, |g, x, w| {
        stack(g, x, w, depth, |g, x, w| {
            let y = rep_conv(g, x, &w.at("cv1"), inner, units)?;
            let y = units.same(g, y, &w.at("cv2"), inner, 3)?;
            g.add(x, y)
        })
    })
}

/// The sum of a 3 x 3 and a 1 x 1 unit, as one convolution: `[n, h, w, c]` to `[n, h, w, out]`.
///
/// A checkpoint that was fused has `conv` in their place.
fn rep_conv(g: &mut Graph, x: Value, w: &Weights, out: usize, units: Units) -> Result<Value> {
    let c = g.shape(x).last_dim();
    let (large, small) = ([out, c, 3, 3], [out, c, 1, 1]);
    let trained = w.get_optional("conv1.conv.weight", &large)?.is_some();
    let kernel = if trained {
        let small = Kernel::of_unit(&w.at("conv2"), small, units.eps)?;
        Kernel::of_unit(&w.at("conv1"), large, units.eps)?.plus(&small)?
    } else {
        Kernel::of_conv(&w.at("conv"), large)?
    };
    let x = kernel.run(g, x, w.prefix(), 1, 1, 1)?;
    Ok(g.activation(x, units.activation))
}

/// `C2fCIB`: shortcut, large kernels, groups (of no effect), expansion.
pub(super) fn c2f_cib(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (shortcut, large) = (call.flag(0, false)?, call.flag(1, false)?);
    let (inner, units) = (call.inner(3, 0.5)?, call.units);
    c2f_of(g, x, w, call, inner, |g, x, w| {
        let y = inverted(g, x, &w.at("cv1"), large, units)?;
        if shortcut { g.add(x, y) } else { Ok(y) }
    })
}

/// Depthwise and pointwise units in turn, with twice the channels inside: `[n, h, w, c]` to the same.
fn inverted(g: &mut Graph, x: Value, w: &Weights, large: bool, units: Units) -> Result<Value> {
    let c = g.shape(x).last_dim();
    let x = units.conv(g, x, &w.at(0), c, Conv::same(3).groups(c))?;
    let x = units.same(g, x, &w.at(1), 2 * c, 1)?;
    let x = if large {
        rep_depthwise(g, x, &w.at(2), units)?
    } else {
        units.conv(g, x, &w.at(2), 2 * c, Conv::same(3).groups(2 * c))?
    };
    let x = units.same(g, x, &w.at(3), c, 1)?;
    units.conv(g, x, &w.at(4), c, Conv::same(3).groups(c))
}

/// The sum of a 7 x 7 and a 3 x 3 depthwise unit, as one convolution, and `SiLU`: `[n, h, w, c]` to the same.
fn rep_depthwise(g: &mut Graph, x: Value, w: &Weights, units: Units) -> Result<Value> {
    let c = g.shape(x).last_dim();
    let (large, small) = ([c, 1, 7, 7], [c, 1, 3, 3]);
    let trained = w.get_optional("conv1.conv.weight", &small)?.is_some();
    let kernel = if trained {
        let small = Kernel::of_unit(&w.at("conv1"), small, units.eps)?;
        Kernel::of_unit(&w.at("conv"), large, units.eps)?.plus(&small)?
    } else {
        Kernel::of_conv(&w.at("conv"), large)?
    };
    let x = kernel.run(g, x, w.prefix(), 1, 3, c)?;
    Ok(g.activation(x, Activation::Silu))
}

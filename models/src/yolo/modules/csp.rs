//! Blocks that send part of the channels past a stack of bottlenecks.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::attention::attention_block;
use super::call::Call;
use super::conv::Units;
use super::plain::ghost;
use crate::blocks::c2f;

/// A bottleneck of two units.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bottleneck {
    /// Sides of the kernels.
    pub(super) kernels: [usize; 2],
    /// The part of the channels that is there between the units.
    pub(super) expansion: f64,
    /// Groups of the second convolution.
    pub(super) groups: usize,
    /// Whether the input is added where it has as many channels as the output.
    pub(super) shortcut: bool,
}

impl Bottleneck {
    /// `[n, h, w, c]` to `[n, h, w, out]`.
    pub(super) fn build(
        self,
        g: &mut Graph,
        x: Value,
        w: &Weights,
        out: usize,
        units: Units,
    ) -> Result<Value> {
        let inner = (out as f64 * self.expansion) as usize;
        let y = units.same(g, x, &w.at("cv1"), inner, self.kernels[0])?;
        let geometry = Conv::same(self.kernels[1]).groups(self.groups);
        let y = units.conv(g, y, &w.at("cv2"), out, geometry)?;
        if self.shortcut && g.shape(x).last_dim() == out { g.add(x, y) } else { Ok(y) }
    }
}

/// `Bottleneck`: shortcut, groups, -, expansion.
pub(super) fn bottleneck(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let shape = Bottleneck {
        kernels: [call.first_kernel, 3],
        expansion: call.inner(3, 0.5)? as f64 / call.out.max(1) as f64,
        groups: call.size(1, 1)?,
        shortcut: call.flag(0, true)?,
    };
    shape.build(g, x, w, call.out, call.units)
}

/// The arguments shortcut, groups and expansion, which most modules of blocks share.
struct Common {
    shortcut: bool,
    groups: usize,
    inner: usize,
}

impl Common {
    fn of(call: &Call<'_>, shortcut: bool) -> Result<Common> {
        Ok(Common {
            shortcut: call.flag(0, shortcut)?,
            groups: call.size(1, 1)?,
            inner: call.inner(2, 0.5)?,
        })
    }

    /// Bottlenecks that keep the channels throughout.
    fn bottleneck(&self, kernels: [usize; 2]) -> Bottleneck {
        let &Common { shortcut, groups, .. } = self;
        Bottleneck { kernels, expansion: 1.0, groups, shortcut }
    }
}

/// `C2f`: shortcut, groups, expansion.
pub(super) fn c2f(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let common = Common::of(call, false)?;
    let block = common.bottleneck([3, 3]);
    c2f_of(g, x, w, call, common.inner, |g, x, w| block.build(g, x, w, common.inner, call.units))
}

/// `C3k2`: blocks with three convolutions, expansion, attention, groups, shortcut.
pub(super) fn c3k2(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (nested, attention) = (call.flag(0, false)?, call.flag(2, false)?);
    let (groups, shortcut) = (call.size(3, 1)?, call.flag(4, true)?);
    let (inner, units) = (call.inner(1, 0.5)?, call.units);
    let block = Bottleneck { kernels: [3, 3], expansion: 0.5, groups, shortcut };
    c2f_of(g, x, w, call, inner, |g, x, w| match (attention, nested) {
        (true, _) => {
            let x = block.build(g, x, &w.at(0), inner, units)?;
            attention_block(g, x, &w.at(1), (inner / 64).max(1), units)
        }
        (_, true) => c3k(g, x, w, inner, block, units),
        _ => block.build(g, x, w, inner, units),
    })
}

/// Two bottlenecks on half of the channels, beside the other half.
pub(super) fn c3k(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    block: Bottleneck,
    units: Units,
) -> Result<Value> {
    let block = Bottleneck { expansion: 1.0, ..block };
    let inner = out / 2;
    c3_of(g, x, w, (out, inner), units, |g, x, w| {
        stack(g, x, w, 2, |g, x, w| block.build(g, x, w, inner, units))
    })
}

/// C2f of any blocks: `call.repeats` of them, one after the other, on `inner` channels.
pub(super) fn c2f_of(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    call: &Call<'_>,
    inner: usize,
    block: impl Fn(&mut Graph, Value, &Weights) -> Result<Value>,
) -> Result<Value> {
    let sizes = c2f::C2f { out: call.out, inner, depth: call.repeats };
    c2f::c2f(g, x, w, sizes, |g, x, w, out, k| call.units.same(g, x, w, out, k), block)
}

/// `C2`: shortcut, groups, expansion.
pub(super) fn c2(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let common = Common::of(call, true)?;
    let (inner, block) = (common.inner, common.bottleneck([3, 3]));
    let x = call.units.same(g, x, &w.at("cv1"), 2 * inner, 1)?;
    let parts = g.split(x, 3, &[inner, inner])?;
    let x = stack(g, parts[0], &w.at("m"), call.repeats, |g, x, w| {
        block.build(g, x, w, inner, call.units)
    })?;
    let x = g.concat(&[x, parts[1]], 3)?;
    call.units.same(g, x, &w.at("cv2"), call.out, 1)
}

/// `C1`: 3 x 3 units whose input is added to their output.
pub(super) fn c1(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let x = call.units.same(g, x, &w.at("cv1"), call.out, 1)?;
    let y = stack(g, x, &w.at("m"), call.repeats, |g, x, w| call.units.same(g, x, w, call.out, 3))?;
    g.add(y, x)
}

/// `C3`: shortcut, groups, expansion.
pub(super) fn c3(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let common = Common::of(call, true)?;
    let (inner, block) = (common.inner, common.bottleneck([1, 3]));
    c3_of(g, x, w, (call.out, inner), call.units, |g, x, w| {
        stack(g, x, w, call.repeats, |g, x, w| block.build(g, x, w, inner, call.units))
    })
}

/// `C3Ghost`: -, -, expansion.
pub(super) fn c3_ghost(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let inner = call.inner(2, 0.5)?;
    c3_of(g, x, w, (call.out, inner), call.units, |g, x, w| {
        stack(g, x, w, call.repeats, |g, x, w| {
            ghost_block(g, x, w, inner, Conv::same(3), 1, call.units)
        })
    })
}

/// `GhostBottleneck`: kernel, stride.
pub(super) fn ghost_bottleneck(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    call: &Call<'_>,
) -> Result<Value> {
    let (kernel, stride) = (call.size(0, 3)?, call.size(1, 1)?);
    ghost_block(g, x, w, call.out, Conv::same(kernel), stride, call.units)
}

fn ghost_block(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    out: usize,
    kernel: Conv,
    stride: usize,
    units: Units,
) -> Result<Value> {
    let plain = units.with(Activation::Identity);
    let (main, aside) = (w.at("conv"), w.at("shortcut"));
    let (channels, half) = (g.shape(x).last_dim(), out / 2);
    let mut y = ghost(g, x, &main.at(0), half, Conv::k(1), units)?;
    let mut x = x;
    if stride == 2 {
        let kernel = kernel.stride(2);
        y = plain.conv(g, y, &main.at(1), half, kernel.groups(half))?;
        x = plain.conv(g, x, &aside.at(0), channels, kernel.groups(channels))?;
        x = plain.same(g, x, &aside.at(1), out, 1)?;
    }
    let y = ghost(g, y, &main.at(2), out, Conv::k(1), plain)?;
    g.add(y, x)
}

/// C3 of any blocks: what `blocks` makes of `inner` channels, beside as many others.
pub(super) fn c3_of(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    (out, inner): (usize, usize),
    units: Units,
    blocks: impl Fn(&mut Graph, Value, &Weights) -> Result<Value>,
) -> Result<Value> {
    let y = units.same(g, x, &w.at("cv1"), inner, 1)?;
    let y = blocks(g, y, &w.at("m"))?;
    let aside = units.same(g, x, &w.at("cv2"), inner, 1)?;
    let x = g.concat(&[y, aside], 3)?;
    units.same(g, x, &w.at("cv3"), out, 1)
}

/// `BottleneckCSP`: shortcut, groups, expansion.
pub(super) fn bottleneck_csp(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    call: &Call<'_>,
) -> Result<Value> {
    let common = Common::of(call, true)?;
    let (inner, block) = (common.inner, common.bottleneck([call.first_kernel, 3]));
    let y = call.units.same(g, x, &w.at("cv1"), inner, 1)?;
    let y =
        stack(g, y, &w.at("m"), call.repeats, |g, x, w| block.build(g, x, w, inner, call.units))?;
    let y = g.conv_no_bias(y, &w.at("cv3"), inner, Conv::k(1))?;
    let aside = g.conv_no_bias(x, &w.at("cv2"), inner, Conv::k(1))?;
    let x = g.concat(&[y, aside], 3)?;
    let x = g.batch_norm(x, &w.at("bn"), call.units.eps)?;
    let x = g.activation(x, Activation::Silu);
    call.units.same(g, x, &w.at("cv4"), call.out, 1)
}

/// `count` blocks at `w.0`, `w.1`, .., one after the other.
pub(super) fn stack(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    count: usize,
    block: impl Fn(&mut Graph, Value, &Weights) -> Result<Value>,
) -> Result<Value> {
    (0..count).try_fold(x, |x, i| block(g, x, &w.at(i)))
}

//! The backbone of RT-DETR: `HGNetV2`.

use ocelli_engine::op::{Activation, PadMode};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::call::Call;

/// `HGStem`: channels inside, channels out.
pub(super) fn stem(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (inner, out) = (call.size(0, 32)?, call.size(1, 48)?);
    let units = call.units.with(Activation::Relu);
    let x = units.conv(g, x, &w.at("stem1"), inner, Conv::same(3).stride(2))?;
    let x = one_more(g, x)?;
    let y = units.conv(g, x, &w.at("stem2a"), inner / 2, Conv::k(2))?;
    let y = one_more(g, y)?;
    let y = units.conv(g, y, &w.at("stem2b"), inner, Conv::k(2))?;
    let x = g.max_pool(x, 2, 1, 0)?;
    let x = g.concat(&[x, y], 3)?;
    let x = units.conv(g, x, &w.at("stem3"), inner, Conv::same(3).stride(2))?;
    units.same(g, x, &w.at("stem4"), out, 1)
}

/// A row of zeros below and a column of zeros to the right.
fn one_more(g: &mut Graph, x: Value) -> Result<Value> {
    g.pad(x, &[[0, 0], [0, 1], [0, 1], [0, 0]], PadMode::Constant(0.0))
}

/// `HGBlock`: channels inside, channels out, kernel, whether its convolutions are light, shortcut.
pub(super) fn block(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (inner, out, kernel) = (call.size(0, 1)?, call.size(1, 1)?, call.size(2, 3)?);
    let (light, shortcut) = (call.flag(3, false)?, call.flag(4, false)?);
    let units = call.units.with(Activation::Relu);
    let mut maps = vec![x];
    for i in 0..call.repeats {
        let (last, w) = (maps[i], w.at("m").at(i));
        maps.push(if light {
            let y = units.linear(g, last, &w.at("conv1"), inner, Conv::k(1))?;
            units.conv(g, y, &w.at("conv2"), inner, Conv::same(kernel).groups(inner))?
        } else {
            units.same(g, last, &w, inner, kernel)?
        });
    }
    let y = g.concat(&maps, 3)?;
    let y = units.same(g, y, &w.at("sc"), out / 2, 1)?;
    let y = units.same(g, y, &w.at("ec"), out, 1)?;
    if shortcut && g.shape(x).last_dim() == out { g.add(y, x) } else { Ok(y) }
}

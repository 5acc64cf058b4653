//! Pooling over windows of several sizes.

use ocelli_engine::op::Activation;
use ocelli_engine::{Error, Graph, Result, Value, Weights};

use super::call::Call;

/// `SPP`: sides of the windows.
pub(super) fn spp(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let sides = call.sizes(0)?.unwrap_or_else(|| vec![5, 9, 13]);
    let inner = g.shape(x).last_dim() / 2;
    let x = call.units.same(g, x, &w.at("cv1"), inner, 1)?;
    let x = pyramid(g, x, &sides)?;
    call.units.same(g, x, &w.at("cv2"), call.out, 1)
}

/// `SPPF`: side of the window, pools, shortcut. Lines of before `YOLO26` have the side alone, and an activation after the
/// first convolution.
pub(super) fn sppf(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (side, pools, shortcut) = (call.size(0, 5)?, call.size(1, 3)?, call.flag(2, false)?);
    let first = if call.args.len() > 1 { Activation::Identity } else { call.units.activation };
    let channels = g.shape(x).last_dim();
    let y = call.units.with(first).same(g, x, &w.at("cv1"), channels / 2, 1)?;
    let y = pyramid(g, y, &growing(side, pools)?)?;
    let y = call.units.same(g, y, &w.at("cv2"), call.out, 1)?;
    if shortcut && channels == call.out { g.add(y, x) } else { Ok(y) }
}

/// `SPPELAN`: channels inside, side of the window.
pub(super) fn spp_elan(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let x = call.units.same(g, x, &w.at("cv1"), call.size(0, call.out / 2)?, 1)?;
    let x = pyramid(g, x, &growing(call.size(1, 5)?, 3)?)?;
    call.units.same(g, x, &w.at("cv5"), call.out, 1)
}

/// `SPPCSPC`: -, -, -, half of the expansion, sides of the windows.
pub(super) fn spp_csp(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (inner, units) = (2 * call.inner(3, 0.5)?, call.units);
    let sides = call.sizes(4)?.unwrap_or_else(|| vec![5, 9, 13]);
    let y = units.same(g, x, &w.at("cv1"), inner, 1)?;
    let y = units.same(g, y, &w.at("cv3"), inner, 3)?;
    let y = units.same(g, y, &w.at("cv4"), inner, 1)?;
    let y = pyramid(g, y, &sides)?;
    let y = units.same(g, y, &w.at("cv5"), inner, 1)?;
    let y = units.same(g, y, &w.at("cv6"), inner, 3)?;
    let aside = units.same(g, x, &w.at("cv2"), inner, 1)?;
    let x = g.concat(&[y, aside], 3)?;
    units.same(g, x, &w.at("cv7"), call.out, 1)
}

/// Windows of `pools` pools of the side `side`, one after the other.
fn growing(side: usize, pools: usize) -> Result<Vec<usize>> {
    if !(1..=64).contains(&side) || pools > 64 {
        let what = format!("{pools} pools of side {side}");
        return Err(Error::Shape { op: "argument", what });
    }
    Ok((1..=pools).map(|i| i * (side - 1) + 1).collect())
}

/// `x` and the largest of its pixels in windows of the odd sides `sides`, smallest first: `[n, h, w, c]` to
/// `[n, h, w, (1 + sides) * c]`. Each window is made of the one before it.
fn pyramid(g: &mut Graph, x: Value, sides: &[usize]) -> Result<Value> {
    let mut maps = vec![x];
    let (mut pooled, mut before) = (x, 1);
    for &side in sides {
        let step = (side + 1).checked_sub(before).filter(|step| step % 2 == 1 && *step <= 64);
        let Some(step) = step.filter(|_| sides.len() <= 64) else {
            let what = format!("windows of the sides {sides:?}");
            return Err(Error::Shape { op: "argument", what });
        };
        pooled = g.max_pool(pooled, step, 1, step / 2)?;
        before = side;
        maps.push(pooled);
    }
    g.concat(&maps, 3)
}

//! Attention within bands of a map.

use ocelli_engine::{Error, Graph, Result, Value, Weights};

use super::attention::{Heads, attention, two_units};
use super::call::Call;
use super::csp::{Bottleneck, c3k, stack};

/// Channels of an attention head.
const HEAD: usize = 32;

/// `A2C2f`: attention, areas, residual, expansion of the units after attention, expansion, groups, shortcut.
pub(super) fn a2c2f(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (attends, residual) = (call.flag(0, true)?, call.flag(2, false)?);
    let (ratio, inner) = (call.number(3, 2.0)?, call.inner(4, 0.5)?);
    let (groups, shortcut) = (call.size(5, 1)?, call.flag(6, true)?);
    let units = call.units;
    if inner % HEAD != 0 {
        let what = format!("{inner} channels in heads of {HEAD}");
        return Err(Error::Shape { op: "attention", what });
    }
    let block = Bottleneck { kernels: [3, 3], expansion: 1.0, groups, shortcut };
    let mut maps = vec![units.same(g, x, &w.at("cv1"), inner, 1)?];
    for i in 0..call.repeats {
        let (w, last) = (w.at("m").at(i), maps[i]);
        maps.push(if attends {
            let areas = call.size(1, 1)?;
            let heads = Heads { count: inner / HEAD, key: HEAD, areas, place: 7 };
            stack(g, last, &w, 2, |g, x, w| {
                let y = attention(g, x, &w.at("attn"), heads, units)?;
                let x = g.add(x, y)?;
                let y = two_units(g, x, &w.at("mlp"), (inner as f64 * ratio) as usize, units)?;
                g.add(x, y)
            })?
        } else {
            c3k(g, last, &w, inner, block, units)?
        });
    }
    let y = g.concat(&maps, 3)?;
    let y = units.same(g, y, &w.at("cv2"), call.out, 1)?;
    if !(attends && residual) {
        return Ok(y);
    }
    let y = g.layer_scale(y, w, "gamma")?;
    g.add(x, y)
}

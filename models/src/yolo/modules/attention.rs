//! Self-attention among the pixels of a map.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::call::Call;
use super::conv::Units;
use super::csp::{c2f_of, stack};
use crate::blocks::kernel::Kernel;

/// Where attention looks, and with how many heads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    pub(super) count: usize,
    /// Channels of a head's queries and keys.
    pub(super) key: usize,
    /// Bands of rows that do not see each other.
    pub(super) areas: usize,
    /// Side of the depthwise kernel that encodes places.
    pub(super) place: usize,
}

/// `PSA`: expansion.
pub(super) fn psa(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    beside(g, x, w, call, |g, x, inner| block(g, x, w, heads_of(inner), call.units))
}

/// `C2PSA`: expansion.
pub(super) fn c2psa(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    beside(g, x, w, call, |g, x, inner| {
        stack(g, x, &w.at("m"), call.repeats, |g, x, w| {
            attention_block(g, x, w, heads_of(inner), call.units)
        })
    })
}

/// `C2fPSA`: expansion.
pub(super) fn c2f_psa(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let inner = call.inner(0, 0.5)?;
    c2f_of(g, x, w, call, inner, |g, x, w| attention_block(g, x, w, heads_of(inner), call.units))
}

/// `blocks` on a part of the channels, beside as many others; as many come out as go in.
fn beside(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    call: &Call<'_>,
    blocks: impl Fn(&mut Graph, Value, usize) -> Result<Value>,
) -> Result<Value> {
    let (channels, inner) = (g.shape(x).last_dim(), call.inner(0, 0.5)?);
    if channels != call.out {
        let what = format!("{channels} channels come in, {} go out", call.out);
        return Err(Error::Shape { op: "attention", what });
    }
    let x = call.units.same(g, x, &w.at("cv1"), 2 * inner, 1)?;
    let parts = g.split(x, 3, &[inner, inner])?;
    let x = blocks(g, parts[1], inner)?;
    let x = g.concat(&[parts[0], x], 3)?;
    call.units.same(g, x, &w.at("cv2"), channels, 1)
}

fn heads_of(channels: usize) -> usize {
    (channels / 64).max(1)
}

/// Attention at `w.attn` and two units at `w.ffn`, each with its input added: `[n, h, w, c]` to the same.
pub(super) fn attention_block(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    heads: usize,
    units: Units,
) -> Result<Value> {
    block(g, x, w, heads, units)
}

fn block(g: &mut Graph, x: Value, w: &Weights, heads: usize, units: Units) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let key = channels / heads.max(1) / 2;
    let y = attention(g, x, &w.at("attn"), Heads { count: heads, key, areas: 1, place: 3 }, units)?;
    let x = g.add(x, y)?;
    let y = two_units(g, x, &w.at("ffn"), 2 * channels, units)?;
    g.add(x, y)
}

/// A unit at `w.0` to `inner` channels, and one at `w.1` back, without activation.
pub(super) fn two_units(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    inner: usize,
    units: Units,
) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let y = units.same(g, x, &w.at(0), inner, 1)?;
    units.linear(g, y, &w.at(1), channels, Conv::k(1))
}

/// Attention with an encoding of places by a depthwise convolution of the values: `[n, h, w, c]` to the same.
///
/// The checkpoint has query, key and value of one head after those of the other; here all queries come first, then all
/// keys, then all values.
pub(super) fn attention(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    heads: Heads,
    units: Units,
) -> Result<Value> {
    let plain = units.with(Activation::Identity);
    let [n, height, width, c] = g.dims("attention", x)?;
    let Heads { count, key, areas, place } = heads;
    let value = c.checked_div(count).unwrap_or(0);
    let tokens = height * width;
    if value * count != c || key == 0 || areas == 0 || tokens % areas != 0 {
        let what = format!("{heads:?} on a map of {height}x{width}x{c}");
        return Err(Error::Shape { op: "attention", what });
    }

    let per_head = 2 * key + value;
    let qkv = w.at("qkv");
    let kernel = Kernel::of_unit(&qkv, [count * per_head, c, 1, 1], units.eps)?;
    let kernel = kernel.reordered(&("heads", count, key), move |i| {
        let (part, i, size) = match i / (count * key) {
            0 => (0, i, key),
            1 => (key, i - count * key, key),
            _ => (2 * key, i - 2 * count * key, value),
        };
        i / size * per_head + part + i % size
    });
    let qkv = kernel.run(g, x, qkv.prefix(), 1, 0, 1)?;

    let parts = g.split(qkv, 3, &[count * key, count * key, c])?;
    let mut rows = [parts[0]; 3];
    for (rows, &part) in rows.iter_mut().zip(&parts) {
        let d = g.shape(part).last_dim();
        *rows = g.reshape(part, &[n * areas, tokens / areas, d])?;
    }
    let [q, k, v] = rows;
    let y = g.attention(q, k, v, count)?;
    let y = g.reshape(y, &[n, height, width, c])?;
    let places = plain.conv(g, parts[2], &w.at("pe"), c, Conv::same(place).groups(c))?;
    let y = g.add(y, places)?;
    plain.same(g, y, &w.at("proj"), c, 1)
}

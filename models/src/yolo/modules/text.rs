//! Modules that look at a picture with the classes' names in mind.

use ocelli_engine::op::{Activation, Reduce};
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::call::Call;
use super::conv::Units;
use super::csp::Bottleneck;
use super::layout::single;

/// Of layer norms.
const EPS: f32 = 1e-5;

/// `C2fAttn`: -, heads, -, shortcut, groups, expansion. C2f with one part more, whose pixels are weighted by the name of
/// a class that they resemble most.
pub(super) fn c2f_attention(
    g: &mut Graph,
    x: Value,
    guide: Value,
    w: &Weights,
    call: &Call<'_>,
) -> Result<Value> {
    let (inner, units) = (call.inner(5, 0.5)?, call.units);
    let block = Bottleneck {
        kernels: [3, 3],
        expansion: 1.0,
        groups: call.size(4, 1)?,
        shortcut: call.flag(3, false)?,
    };
    let x = units.same(g, x, &w.at("cv1"), 2 * inner, 1)?;
    let mut parts = g.split(x, 3, &[inner, inner])?;
    let mut x = parts[1];
    for i in 0..call.repeats {
        x = block.build(g, x, &w.at("m").at(i), inner, units)?;
        parts.push(x);
    }
    parts.push(resembling(g, x, guide, &w.at("attn"), call.size(1, 1)?, units)?);
    let x = g.concat(&parts, 3)?;
    units.same(g, x, &w.at("cv2"), call.out, 1)
}

/// `[n, h, w, c]` to the same: what a unit makes of the map, each head's channels times how much the pixel resembles the
/// nearest of the embeddings `guide` `[n or 1, classes, e]`.
fn resembling(
    g: &mut Graph,
    x: Value,
    guide: Value,
    w: &Weights,
    heads: usize,
    units: Units,
) -> Result<Value> {
    let [n, height, width, c] = g.dims("C2fAttn", x)?;
    let each = c.checked_div(heads).unwrap_or(0);
    if each == 0 || each * heads != c {
        let what = format!("{heads} heads on {c} channels");
        return Err(Error::Shape { op: "C2fAttn", what });
    }
    let names = g.linear(guide, &w.at("gl"), c)?;
    let names = by_head(g, names, [heads, each])?;
    let [_, _, classes, _] = g.dims("C2fAttn", names)?;
    let names = g.expand(names, &[n, heads, classes, each])?;
    let pixels = g.reshape(x, &[n, height * width, c])?;
    let pixels = by_head(g, pixels, [heads, each])?;
    let products = g.matmul_transposed(pixels, names)?;
    let nearest = g.reduce(products, Reduce::Max, 3..4)?;
    let nearest = g.transpose(nearest, &[0, 2, 1, 3])?;
    let nearest = g.scale(nearest, (each as f32).sqrt().recip())?;
    let bias = g.constant(w.get("bias", &[heads])?);
    let bias = g.reshape(bias, &[heads, 1])?;
    let nearest = g.add(nearest, bias)?;
    let weight = g.activation(nearest, Activation::Sigmoid);

    let y = units.with(Activation::Identity).same(g, x, &w.at("proj_conv"), c, 3)?;
    let y = g.reshape(y, &[n, height * width, heads, each])?;
    let y = g.mul(y, weight)?;
    g.reshape(y, &[n, height, width, c])
}

/// `[n, t, heads * each]` to `[n, heads, t, each]`
fn by_head(g: &mut Graph, x: Value, [heads, each]: [usize; 2]) -> Result<Value> {
    let [n, t, _] = g.dims("C2fAttn", x)?;
    let x = g.reshape(x, &[n, t, heads, each])?;
    g.transpose(x, &[0, 2, 1, 3])
}

/// `ImagePoolingAttn`: width, width of the embeddings, heads, side of the pools, whether the change is scaled. The
/// embeddings `guide` `[n or 1, classes, e]` after a look at what is in the picture: `[n, classes, e]`.
pub(super) fn look(
    g: &mut Graph,
    inputs: &[&[Value]],
    guide: Value,
    w: &Weights,
    call: &Call<'_>,
) -> Result<Value> {
    let (width, heads, side) = (call.size(0, 256)?, call.size(2, 8)?, call.size(3, 3)?);
    let mut pools = Vec::with_capacity(inputs.len());
    for (i, maps) in inputs.iter().enumerate() {
        let projection = w.at("projections").at(i);
        let x = g.conv(single(maps)?, &projection, width, Conv::k(1))?;
        let x = largest_of_parts(g, x, 1, side)?;
        let x = largest_of_parts(g, x, 2, side)?;
        let [n, rows, columns, _] = g.dims("pools", x)?;
        pools.push(g.reshape(x, &[n, rows * columns, width])?);
    }
    let pools = g.concat(&pools, 1)?;
    let [n, ..] = g.dims::<3>("pools", pools)?;

    let mut project = |x: Value, name: &str| {
        let w = w.at(name);
        let x = g.layer_norm(x, &w.at(0), EPS)?;
        g.linear(x, &w.at(1), width)
    };
    let (q, k, v) = (project(guide, "query")?, project(pools, "key")?, project(pools, "value")?);
    let [_, classes, _] = g.dims("guide", q)?;
    let q = g.expand(q, &[n, classes, width])?;
    let change = g.attention(q, k, v, heads)?;
    let change = g.linear(change, &w.at("proj"), g.shape(guide).last_dim())?;
    let change = if call.flag(4, false)? {
        let scale = g.constant(w.get("scale", &[1])?);
        g.mul(change, scale)?
    } else {
        change
    };
    g.add(change, guide)
}

/// The largest of each of `count` parts of a dimension; where they do not divide it, neighbours share a place.
fn largest_of_parts(g: &mut Graph, x: Value, axis: usize, count: usize) -> Result<Value> {
    let extent = g.shape(x)[axis];
    let mut parts = Vec::with_capacity(count);
    for i in 0..count {
        let part = i * extent / count..((i + 1) * extent).div_ceil(count);
        let part = g.slice(x, axis, part)?;
        parts.push(g.reduce(part, Reduce::Max, axis..axis + 1)?);
    }
    g.concat(&parts, axis)
}

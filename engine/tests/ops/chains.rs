//! Graphs in which anything may follow anything: every value is an image of the same extents.

use ocelli_engine::op::{Binary, Filter, PadMode, Reduce, Resize};
use ocelli_engine::{Conv, Result, Value};

use crate::arithmetic::all_activations;
use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a few operations", make: short },
    Case { name: "several operations", make: medium },
    Case { name: "many operations", make: long },
    Case { name: "several operations on single pixels", make: pixels },
    Case { name: "several operations, many outputs", make: many_outputs },
];

fn short(m: &mut Maker) -> Result<()> {
    chain(m, 5, 100)
}

fn medium(m: &mut Maker) -> Result<()> {
    chain(m, 12, 8)
}

fn long(m: &mut Maker) -> Result<()> {
    chain(m, 40, 12)
}

fn many_outputs(m: &mut Maker) -> Result<()> {
    chain(m, 12, 2)
}

fn pixels(m: &mut Maker) -> Result<()> {
    let channels = 2 * m.random.channels();
    grow(m, [2, 1, 1, channels], 12, 8)
}

fn chain(m: &mut Maker, operations: usize, outputs_one_in: u64) -> Result<()> {
    let r = &mut m.random;
    let channels = 2 * r.of(&[1, 2, 4, 5, 8, 16]);
    let dims = [r.count(1, 2), r.count(1, 6), r.count(1, 6), channels];
    grow(m, dims, operations, outputs_one_in)
}

/// Operations on values made before, mostly the latest; one in `outputs_one_in` values is an output, and so is the last.
fn grow(m: &mut Maker, dims: [usize; 4], operations: usize, outputs_one_in: u64) -> Result<()> {
    let mut values = vec![m.input(&dims)?, m.input(&dims)?];
    for _ in 0..operations {
        let x = recent(m, &values);
        let other = recent(m, &values);
        let y = match m.random.count(0, 3) {
            0 => layer(m, x)?,
            1 => pair(m, x, other)?,
            2 => rearranged(m, x, other)?,
            _ => single(m, x)?,
        };
        values.push(y);
        if m.random.once_in(outputs_one_in) {
            m.output(y);
        }
    }
    m.output(values[values.len() - 1]);
    Ok(())
}

fn recent(m: &mut Maker, values: &[Value]) -> Value {
    let last = values.len() - 1;
    if m.random.once_in(4) { m.random.of(values) } else { values[last] }
}

fn layer(m: &mut Maker, x: Value) -> Result<Value> {
    let [n, h, width, c] = m.graph.dims("image", x)?;
    let w = m.weights();
    match m.random.count(0, 7) {
        0 => m.graph.conv(x, &w, c, Conv::same(3)),
        1 => m.graph.conv_no_bias(x, &w, c, Conv::k(1)),
        2 => m.graph.conv(x, &w, c, Conv::same(3).groups(c)),
        3 => m.graph.linear(x, &w, c),
        4 => m.graph.layer_norm(x, &w, 1e-2),
        5 => m.graph.batch_norm(x, &w, 1e-3),
        6 => m.graph.layer_scale(x, &w, "gamma"),
        _ => {
            let x = m.graph.reshape(x, &[n, h * width, c])?;
            let q = m.graph.linear(x, &w.at("q"), c)?;
            let k = m.graph.linear(x, &w.at("k"), c)?;
            let y = m.graph.attention(q, k, x, 2)?;
            m.graph.reshape(y, &[n, h, width, c])
        }
    }
}

fn single(m: &mut Maker, x: Value) -> Result<Value> {
    match m.random.count(0, 4) {
        0 => Ok(m.graph.softmax(x)),
        1 => m.graph.max_pool(x, 3, 1, 1),
        2 => m.graph.scale(x, 0.5),
        _ => {
            let activation = m.random.of(&all_activations());
            Ok(m.graph.activation(x, activation))
        }
    }
}

fn pair(m: &mut Maker, x: Value, other: Value) -> Result<Value> {
    let dims = m.graph.shape(x);
    match m.random.count(0, 5) {
        0 => m.graph.binary(x, other, Binary::Max),
        1 => m.graph.sub(x, other),
        2 => {
            let mean = m.graph.reduce(other, Reduce::Mean, 1..3)?;
            m.graph.add(x, mean)
        }
        3 => {
            let table = m.tensor(&dims[2..]);
            let table = m.graph.constant(table);
            m.graph.mul(x, table)
        }
        _ => m.graph.add(x, other),
    }
}

fn rearranged(m: &mut Maker, x: Value, other: Value) -> Result<Value> {
    let [n, h, w, c] = m.graph.dims("image", x)?;
    match m.random.count(0, 6) {
        0 => {
            let (a, b) = (m.graph.slice(x, 3, 0..c / 2)?, m.graph.slice(other, 3, c / 2..c)?);
            m.graph.concat(&[b, a], 3)
        }
        1 => {
            let both = m.graph.concat(&[x, other], 3)?;
            let weights = m.weights();
            m.graph.conv(both, &weights, c, Conv::k(1))
        }
        2 => {
            let flat = m.graph.reshape(x, &[n, h * w, c])?;
            let turned = m.graph.transpose(flat, &[0, 2, 1])?;
            m.graph.reshape(turned, &[n, h, w, c])
        }
        3 => {
            let axis = m.random.count(0, 3);
            let both = m.graph.concat(&[x, other], axis)?;
            let extent = m.graph.shape(x)[axis];
            let start = m.random.count(0, extent);
            m.graph.slice(both, axis, start..start + extent)
        }
        4 => {
            let more = m.graph.pad(x, &[[0, 0], [1, 0], [0, 2], [0, 0]], PadMode::Edge)?;
            let rows = m.graph.slice(more, 1, 0..h)?;
            m.graph.slice(rows, 2, 2..w + 2)
        }
        5 => {
            let up = m.graph.upsample_nearest(x, 2)?;
            m.graph.avg_pool(up, 2, 2, 0)
        }
        _ => {
            let resize = Resize { filter: Filter::Bilinear, align_corners: true, antialias: false };
            let larger = m.graph.resize(x, [h + 1, w + 2], resize)?;
            let rows = m.graph.slice_step(larger, 1, 0..h, 1)?;
            m.graph.slice(rows, 2, 1..w + 1)
        }
    }
}

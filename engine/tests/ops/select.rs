//! Choosing elements by their values.

use ocelli_engine::{Result, Value};

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "the largest", make: top_k },
    Case { name: "the largest of one", make: arg_max },
    Case { name: "rows", make: gather_rows },
    Case { name: "rows beyond the last", make: clamped_rows },
    Case { name: "a part of the indices", make: sliced_indices },
    Case { name: "rows that were computed", make: computed_rows },
];

/// Numbers many of which are equal.
fn scores(m: &mut Maker, dims: &[usize]) -> Result<Value> {
    let steps = m.random.of(&[2.0, 10.0, 1e6]);
    m.input_with(dims, |random| (random.float(-1.0, 1.0) * steps).round())
}

fn top_k(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 3);
    let mut dims = m.random.extents(rank);
    dims.push(m.random.of(&[1, 2, 5, 16, 33, 300]));
    let k = m.random.count(1, dims[rank]);
    let x = scores(m, &dims)?;
    let (values, indices) = m.graph.top_k(x, k)?;
    m.output(values);
    m.output_indices(indices);
    Ok(())
}

fn arg_max(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 3);
    let mut dims = m.random.extents(rank);
    dims.push(m.random.of(&[1, 2, 5, 16, 33, 300]));
    let x = scores(m, &dims)?;
    let index = m.graph.arg_max(x)?;
    m.output_indices(index);
    Ok(())
}

/// As a detector selects its queries.
fn gather_rows(m: &mut Maker) -> Result<()> {
    let [n, t, c] = [m.random.count(1, 3), m.random.of(&[1, 5, 17, 40]), m.random.channels()];
    let x = m.input(&[n, t, c])?;
    let best = scores(m, &[n, t, 1])?;
    let best = m.graph.reshape(best, &[n, t])?;
    let k = m.random.count(1, t);
    let (_, rows) = m.graph.top_k(best, k)?;
    let y = m.graph.gather_rows(x, rows)?;
    m.output(y);
    Ok(())
}

fn clamped_rows(m: &mut Maker) -> Result<()> {
    let [n, t, c] = [m.random.count(1, 3), m.random.extent(), m.random.channels()];
    let (x, best) = (m.input(&[n, t, c])?, scores(m, &[n, 2 * t + 3])?);
    let (_, rows) = m.graph.top_k(best, t + 2)?;
    let y = m.graph.gather_rows(x, rows)?;
    m.output(y);
    Ok(())
}

fn sliced_indices(m: &mut Maker) -> Result<()> {
    let [n, t, c] = [m.random.count(1, 3), 7, m.random.channels()];
    let (x, best) = (m.input(&[n, t, c])?, scores(m, &[n, 1, t])?);
    let (values, indices) = m.graph.top_k(best, 5)?;
    let rows = m.graph.reshape(indices, &[n, 5])?;
    let rows = m.graph.slice_step(rows, 1, 1..5, 2)?;
    let y = m.graph.gather_rows(x, rows)?;
    m.output(y);
    m.output(values);
    m.output_indices(rows);
    Ok(())
}

/// As a detector finds the anchor of a score among those of all classes.
fn computed_rows(m: &mut Maker) -> Result<()> {
    let [n, t, c] = [m.random.count(1, 3), m.random.extent(), m.random.channels()];
    let rows = m.input_with(&[n, 5], |random| random.float(0.0, t as f32 + 2.0))?;
    let rows = m.graph.to_i32(rows);
    let x = m.input(&[n, t, c])?;
    let y = m.graph.gather_rows(x, rows)?;
    m.output(y);
    m.output_indices(rows);
    Ok(())
}

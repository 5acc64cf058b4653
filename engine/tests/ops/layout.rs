//! The same elements in other places.

use ocelli_engine::op::PadMode;
use ocelli_engine::{Result, Value};

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "concat", make: concat },
    Case { name: "slice", make: slice },
    Case { name: "split", make: split },
    Case { name: "pad", make: pad },
    Case { name: "reshape", make: reshape },
    Case { name: "transpose", make: transpose },
    Case { name: "expand", make: expand },
    Case { name: "constant", make: constant },
];

fn any(m: &mut Maker, least_rank: usize) -> Result<(Value, Vec<usize>)> {
    let rank = m.random.count(least_rank, 5);
    let dims = m.random.extents(rank);
    Ok((m.wide_input(&dims)?, dims))
}

fn concat(m: &mut Maker) -> Result<()> {
    let (first, mut dims) = any(m, 1)?;
    let axis = m.random.count(0, dims.len() - 1);
    let mut values = vec![first];
    for _ in 0..m.random.count(1, 4) {
        dims[axis] = m.random.extent();
        values.push(m.input(&dims)?);
    }
    let y = m.graph.concat(&values, axis)?;
    m.output(y);
    Ok(())
}

fn slice(m: &mut Maker) -> Result<()> {
    let (mut y, _) = any(m, 1)?;
    for _ in 0..m.random.count(1, 3) {
        let dims = m.graph.shape(y);
        let axis = m.random.count(0, dims.len() - 1);
        let start = m.random.count(0, dims[axis] - 1);
        let end = m.random.count(start + 1, dims[axis]);
        let step = m.random.count(1, 3);
        y = m.graph.slice_step(y, axis, start..end, step)?;
    }
    m.output(y);
    Ok(())
}

fn split(m: &mut Maker) -> Result<()> {
    let (x, dims) = any(m, 1)?;
    let axis = m.random.count(0, dims.len() - 1);
    let first = m.random.count(1, dims[axis]);
    let sizes = if first == dims[axis] { vec![first] } else { vec![first, dims[axis] - first] };
    for part in m.graph.split(x, axis, &sizes)? {
        m.output(part);
    }
    Ok(())
}

fn pad(m: &mut Maker) -> Result<()> {
    let (x, dims) = any(m, 0)?;
    let value = m.random.float(-3.0, 3.0);
    let mode = m.random.of(&[PadMode::Constant(value), PadMode::Reflect, PadMode::Edge]);
    let most = |extent: usize| if mode == PadMode::Reflect { (extent - 1).min(3) } else { 3 };
    let pads: Vec<[usize; 2]> = dims
        .iter()
        .map(|&extent| {
            if m.random.once_in(3) {
                [0, 0]
            } else {
                [m.random.count(0, most(extent)), m.random.count(0, most(extent))]
            }
        })
        .collect();
    let y = m.graph.pad(x, &pads, mode)?;
    m.output(y);
    Ok(())
}

fn reshape(m: &mut Maker) -> Result<()> {
    let (x, dims) = any(m, 0)?;
    let count: usize = dims.iter().product();
    let merged: Vec<usize> = dims.iter().rev().copied().collect();
    for shape in [merged, vec![1, count], vec![count]] {
        let y = m.graph.reshape(x, &shape)?;
        m.output(y);
    }
    Ok(())
}

fn transpose(m: &mut Maker) -> Result<()> {
    let (x, dims) = any(m, 0)?;
    let mut permutation: Vec<usize> = (0..dims.len()).collect();
    for i in (1..dims.len()).rev() {
        let other = m.random.count(0, i);
        permutation.swap(i, other);
    }
    let y = m.graph.transpose(x, &permutation)?;
    m.output(y);
    Ok(())
}

fn expand(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 5);
    let to = m.random.extents(rank);
    let first = m.random.count(0, rank);
    let from: Vec<usize> =
        to[first..].iter().map(|&extent| if m.random.once_in(2) { 1 } else { extent }).collect();
    let x = m.input(&from)?;
    let y = m.graph.expand(x, &to)?;
    m.output(y);
    Ok(())
}

fn constant(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 4);
    let dims = m.random.extents(rank);
    let tensor = m.tensor(&dims);
    let table = m.graph.constant(tensor);
    let x = m.input(&dims)?;
    let y = m.graph.add(x, table)?;
    m.output(y);
    Ok(())
}

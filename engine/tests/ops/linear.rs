//! Matrices.

use ocelli_engine::Result;

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "linear", make: linear },
    Case { name: "matmul", make: matmul },
    Case { name: "matmul, transposed", make: matmul_transposed },
];

fn linear(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 3);
    let mut dims = m.random.extents(rank);
    dims.push(m.random.of(&[1, 2, 3, 8, 17, 64, 100, 129]));
    let out = m.random.of(&[1, 2, 3, 8, 17, 64, 100, 129]);
    let (x, w) = (m.input(&dims)?, m.weights());
    let y = if m.random.once_in(2) {
        m.graph.linear(x, &w, out)?
    } else {
        m.graph.linear_no_bias(x, &w, out)?
    };
    m.output(y);
    Ok(())
}

fn matmul(m: &mut Maker) -> Result<()> {
    let [a, b, _] = operands(m);
    let (a, b) = (m.input(&a)?, m.input(&b)?);
    let y = m.graph.matmul(a, b)?;
    m.output(y);
    Ok(())
}

fn matmul_transposed(m: &mut Maker) -> Result<()> {
    let [a, _, b] = operands(m);
    let (a, b) = (m.input(&a)?, m.input(&b)?);
    let y = m.graph.matmul_transposed(a, b)?;
    m.output(y);
    Ok(())
}

/// `[.., m, k]`, `[.., k, n]` and `[.., n, k]`.
fn operands(m: &mut Maker) -> [Vec<usize>; 3] {
    let outer = (0..m.random.count(0, 3)).map(|_| m.random.count(1, 4)).collect::<Vec<_>>();
    let (rows, inner, columns) = (m.random.channels(), m.random.channels(), m.random.channels());
    let of = |last: [usize; 2]| outer.iter().copied().chain(last).collect();
    [of([rows, inner]), of([inner, columns]), of([columns, inner])]
}

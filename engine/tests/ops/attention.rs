//! Attention, dense and deformable.

use ocelli_engine::op::Deformable;
use ocelli_engine::{Result, Value};

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "attention", make: attention },
    Case { name: "attention with a mask", make: masked },
    Case { name: "attention of many tokens", make: long },
    Case { name: "deformable attention", make: deformable },
];

fn attention(m: &mut Maker) -> Result<()> {
    let tokens = [m.random.extent(), m.random.extent()];
    let ([q, k, v], heads) = operands(m, tokens)?;
    let y = m.graph.attention(q, k, v, heads)?;
    m.output(y);
    Ok(())
}

fn long(m: &mut Maker) -> Result<()> {
    let tokens = [m.random.count(1, 150), m.random.count(60, 300)];
    let ([q, k, v], heads) = operands(m, tokens)?;
    let y = m.graph.attention(q, k, v, heads)?;
    m.output(y);
    Ok(())
}

/// Masks that hide some tokens, but not all of them.
fn masked(m: &mut Maker) -> Result<()> {
    let [queries, tokens] = [m.random.extent(), m.random.of(&[1, 3, 8, 17, 40])];
    let ([q, k, v], heads) = operands(m, [queries, tokens])?;
    let mut count = 0;
    let mask = m.input_with(&[queries, tokens], |random| {
        count += 1;
        if random.once_in(3) && count % tokens != 0 { -1e9 } else { random.float(-1.0, 1.0) }
    })?;
    let y = m.graph.masked_attention(q, k, v, mask, heads)?;
    m.output(y);
    Ok(())
}

fn operands(m: &mut Maker, [queries, tokens]: [usize; 2]) -> Result<([Value; 3], usize)> {
    let (n, heads) = (m.random.count(1, 3), m.random.of(&[1, 2, 3, 4]));
    let width = m.random.of(&[1, 3, 8, 16, 17, 32, 64]);
    let width_v = m.random.of(&[width, width, 1, 5, 24, 33]);
    let q = m.input(&[n, queries, heads * width])?;
    let k = m.input(&[n, tokens, heads * width])?;
    let v = m.input(&[n, tokens, heads * width_v])?;
    Ok(([q, k, v], heads))
}

fn deformable(m: &mut Maker) -> Result<()> {
    let r = &mut m.random;
    let levels: Vec<[usize; 2]> = (0..r.count(1, 3)).map(|_| [r.extent(), r.extent()]).collect();
    let (n, queries) = (r.count(1, 2), r.extent());
    let (heads, points) = (r.of(&[1, 2, 4]), r.count(1, 4));
    let width = heads * r.of(&[1, 4, 8, 16, 17]);
    let tokens = levels.iter().map(|[h, w]| h * w).sum();
    let samples = heads * levels.len() * points;
    let value = m.input(&[n, tokens, width])?;
    let boxes = m.input_with(&[n, queries, 4], |random| random.float(-0.1, 1.1))?;
    let offsets = m.input_with(&[n, queries, samples * 2], |random| random.float(-6.0, 6.0))?;
    let weights = m.input(&[n, queries, samples])?;
    let spec = Deformable { heads, points, levels };
    let y = m.graph.deformable_attention(value, boxes, offsets, weights, spec)?;
    m.output(y);
    Ok(())
}

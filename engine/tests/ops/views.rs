//! Parts and rearrangements of values, straight into every kind of operation.

use ocelli_engine::op::{
    Deformable, Filter, PadMode, Pool, PoolKind, Reduce, Resize, SamplePadding,
};
use ocelli_engine::{Conv, Result, Value};

use crate::arithmetic::all_activations;
use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "a view of an image into convolutions", make: convolutions },
    Case { name: "a view of an image into image operations", make: images },
    Case { name: "a view of an image into arithmetic", make: arithmetic },
    Case { name: "a view of an image into layouts", make: layouts },
    Case { name: "a view of tokens into matrices", make: matrices },
    Case { name: "a view of tokens into norms", make: norms },
    Case { name: "views of tokens into attention", make: attention },
    Case { name: "views into deformable attention", make: deformable },
    Case { name: "views of views", make: nested },
    Case { name: "a view of an output", make: of_output },
];

/// `[n, h, w, c]`, a part of something larger along some axis, or a rearrangement of it.
fn image(m: &mut Maker) -> Result<Value> {
    let r = &mut m.random;
    let [n, h, w] = [r.count(1, 3), r.count(3, 9), r.count(3, 9)];
    let c = r.of(&[2, 4, 6, 8, 16, 18, 32]);
    view(m, [n, h, w, c])
}

/// `[n, t, c]`, likewise.
fn tokens(m: &mut Maker, dims: [usize; 3]) -> Result<Value> {
    view(m, dims)
}

/// A value of the extents `dims` that is a view of, or computed from, a larger one.
fn view<const N: usize>(m: &mut Maker, dims: [usize; N]) -> Result<Value> {
    let axis = m.random.count(0, N - 1);
    let (before, after) = (m.random.count(0, 3), m.random.count(0, 3));
    let step = m.random.of(&[1, 1, 1, 2]);
    let mut larger = dims;
    larger[axis] = before + dims[axis] * step + after;
    match m.random.count(0, 4) {
        0 => {
            let flat = [dims.iter().product()];
            let x = m.input(&flat)?;
            m.graph.reshape(x, &dims)
        }
        1 => {
            let mut swapped = dims;
            swapped.swap(N - 1, N - 2);
            let x = m.input(&swapped)?;
            let mut permutation: Vec<usize> = (0..N).collect();
            permutation.swap(N - 1, N - 2);
            m.graph.transpose(x, &permutation)
        }
        kind => {
            let x = m.input(&larger)?;
            let x = if kind == 2 { m.graph.relu(x) } else { x };
            m.graph.slice_step(x, axis, before..before + dims[axis] * step, step)
        }
    }
}

fn convolutions(m: &mut Maker) -> Result<()> {
    let x = image(m)?;
    let channels = m.graph.shape(x).last_dim();
    let out = m.random.of(&[1, 4, 16, 33]);
    let geometries = [
        (out, Conv::k(1)),
        (out, Conv::same(3)),
        (out, Conv::same(3).stride(2)),
        (channels, Conv::same(3).groups(channels)),
        (2 * out, Conv::same(3).groups(2)),
    ];
    for (out, geometry) in geometries {
        let w = m.weights();
        let y = m.graph.conv(x, &w, out, geometry)?;
        m.output(y);
    }
    let w = m.weights();
    let y = m.graph.conv_transpose(x, &w, out, Conv::k(2).stride(2))?;
    m.output(y);
    Ok(())
}

fn images(m: &mut Maker) -> Result<()> {
    let x = image(m)?;
    let n = m.graph.shape(x)[0];
    for kind in [PoolKind::Max, PoolKind::Mean, PoolKind::MeanInside] {
        let pool = Pool { kind, kernel: [3, 3], stride: [2, 1], pad: [1, 1, 1, 1] };
        let y = m.graph.pool(x, pool)?;
        m.output(y);
    }
    for filter in [Filter::Nearest, Filter::Bilinear, Filter::Bicubic] {
        let resize = Resize { filter, align_corners: false, antialias: false };
        let y = m.graph.resize(x, [5, 11], resize)?;
        m.output(y);
    }
    let resize = Resize { filter: Filter::Bicubic, align_corners: false, antialias: true };
    let y = m.graph.resize(x, [4, 2], resize)?;
    m.output(y);
    let grid = view(m, [n, 3, 4, 2])?;
    let y = m.graph.grid_sample(x, grid, SamplePadding::Zeros, false)?;
    m.output(y);
    let mean = m.graph.global_avg_pool(x)?;
    m.output(mean);
    Ok(())
}

fn arithmetic(m: &mut Maker) -> Result<()> {
    let x = image(m)?;
    let dims: [usize; 4] = m.graph.dims("image", x)?;
    for activation in all_activations().into_iter().step_by(3) {
        let y = m.graph.activation(x, activation);
        m.output(y);
    }
    let other = view(m, dims)?;
    let row = view(m, [dims[0], 1, 1, dims[3]])?;
    let column = view(m, [dims[1], 1, 1])?;
    for other in [other, row, column, x] {
        let sum = m.graph.add(x, other)?;
        m.output(sum);
        let difference = m.graph.sub(other, x)?;
        m.output(difference);
    }
    let exp = m.graph.exp(x);
    m.output(exp);
    let softmax = m.graph.softmax(x);
    m.output(softmax);
    for axes in [0..1, 1..3, 3..4, 1..4] {
        let mean = m.graph.reduce(x, Reduce::Mean, axes.clone())?;
        m.output(mean);
        let most = m.graph.reduce(x, Reduce::Max, axes)?;
        m.output(most);
    }
    Ok(())
}

fn layouts(m: &mut Maker) -> Result<()> {
    let x = image(m)?;
    let [n, h, w, c] = m.graph.dims("image", x)?;
    let tokens = m.graph.reshape(x, &[n, h * w, c])?;
    m.output(tokens);
    let turned = m.graph.transpose(x, &[0, 3, 1, 2])?;
    m.output(turned);
    let back = m.graph.transpose(turned, &[0, 2, 3, 1])?;
    let other = view(m, [n, h, w, c])?;
    for axis in 0..4 {
        let y = m.graph.concat(&[x, other, back], axis)?;
        m.output(y);
    }
    for mode in [PadMode::Constant(0.0), PadMode::Reflect, PadMode::Edge] {
        let y = m.graph.pad(x, &[[0, 0], [1, 2], [2, 0], [0, 1]], mode)?;
        m.output(y);
    }
    let more = m.graph.reshape(x, &[1, n, h, w, c])?;
    let more = m.graph.expand(more, &[2, n, h, w, c])?;
    m.output(more);
    m.output(x);
    Ok(())
}

fn matrices(m: &mut Maker) -> Result<()> {
    let [n, t, c] = [m.random.count(1, 3), m.random.extent(), m.random.channels()];
    let out = m.random.channels();
    let x = tokens(m, [n, t, c])?;
    let w = m.weights();
    let y = m.graph.linear(x, &w, out)?;
    m.output(y);
    let other = tokens(m, [n, c, out])?;
    let y = m.graph.matmul(x, other)?;
    m.output(y);
    let other = tokens(m, [n, out, c])?;
    let y = m.graph.matmul_transposed(x, other)?;
    m.output(y);
    let scores = m.graph.matmul_transposed(x, x)?;
    m.output(scores);
    Ok(())
}

fn norms(m: &mut Maker) -> Result<()> {
    let [n, t] = [m.random.count(1, 3), m.random.extent()];
    let c = m.random.of(&[4, 8, 20, 64]);
    let x = tokens(m, [n, t, c])?;
    let w = m.weights();
    let y = m.graph.layer_norm(x, &w, 1e-5)?;
    m.output(y);
    let y = m.graph.rms_norm(x, &w, 1e-5)?;
    m.output(y);
    let y = m.graph.group_norm(x, &w, 2, 1e-5)?;
    m.output(y);
    let y = m.graph.batch_norm(x, &w, 1e-5)?;
    m.output(y);
    let y = m.graph.l2_normalize(x, 1e-12);
    m.output(y);
    let (best, indices) = m.graph.top_k(x, 3)?;
    m.output(best);
    m.output_indices(indices);
    let index = m.graph.arg_max(x)?;
    m.output_indices(index);
    let rows = m.graph.reshape(index, &[n, t])?;
    let rows = m.graph.gather_rows(x, rows)?;
    m.output(rows);
    Ok(())
}

fn attention(m: &mut Maker) -> Result<()> {
    let r = &mut m.random;
    let (n, heads) = (r.count(1, 2), r.of(&[1, 2, 3]));
    let [queries, t] = [r.extent(), r.extent()];
    let [d, dv] = [heads * r.of(&[4, 16, 17]), heads * r.of(&[5, 16])];
    let (q, k, v) = (tokens(m, [n, queries, d])?, tokens(m, [n, t, d])?, tokens(m, [n, t, dv])?);
    let y = m.graph.attention(q, k, v, heads)?;
    m.output(y);
    let mask = view(m, [queries, t])?;
    let y = m.graph.masked_attention(q, k, v, mask, heads)?;
    m.output(y);
    Ok(())
}

fn deformable(m: &mut Maker) -> Result<()> {
    let spec = Deformable { heads: 2, points: 2, levels: vec![[4, 3], [2, 2]] };
    let queries = m.random.extent();
    let value = tokens(m, [2, 16, 8])?;
    let boxes = tokens(m, [2, queries, 4])?;
    let boxes = m.graph.activation(boxes, ocelli_engine::op::Activation::Sigmoid);
    let offsets = tokens(m, [2, queries, 16])?;
    let weights = tokens(m, [2, queries, 8])?;
    let y = m.graph.deformable_attention(value, boxes, offsets, weights, spec)?;
    m.output(y);
    Ok(())
}

/// Slices, reshapes and transposes one after the other.
fn nested(m: &mut Maker) -> Result<()> {
    let x = m.input(&[4, 6, 8, 12])?;
    let mut y = m.graph.relu(x);
    for _ in 0..m.random.count(2, 7) {
        let dims = m.graph.shape(y);
        let axis = m.random.count(0, dims.len() - 1);
        y = match m.random.count(0, 3) {
            0 if dims[axis] > 1 => m.graph.slice(y, axis, 1..dims[axis])?,
            1 => m.graph.slice_step(y, axis, 0..dims[axis], 2)?,
            2 => {
                let mut permutation: Vec<usize> = (0..dims.len()).collect();
                permutation.swap(axis, m.random.count(0, dims.len() - 1));
                m.graph.transpose(y, &permutation)?
            }
            _ if axis + 1 < dims.len() => {
                let mut merged = dims.to_vec();
                merged[axis] *= merged.remove(axis + 1);
                m.graph.reshape(y, &merged)?
            }
            _ => y,
        };
    }
    let z = m.graph.exp(y);
    m.output(z);
    let w = m.weights();
    let z = m.graph.linear(y, &w, 5)?;
    m.output(z);
    m.output(y);
    Ok(())
}

/// An output of which a part is another output, and computed with.
fn of_output(m: &mut Maker) -> Result<()> {
    let x = image(m)?;
    let [n, h, w, c] = m.graph.dims("image", x)?;
    let weights = m.weights();
    let y = m.graph.conv(x, &weights, c, Conv::same(3))?;
    m.output(y);
    let part = m.graph.slice(y, 3, 0..c / 2)?;
    m.output(part);
    let rows = m.graph.slice(y, 1, 1..h)?;
    m.output(rows);
    let flat = m.graph.reshape(y, &[n, h * w * c])?;
    m.output(flat);
    let z = m.graph.relu(part);
    m.output(z);
    Ok(())
}

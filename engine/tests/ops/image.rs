//! Pooling, resizing and sampling.

use ocelli_engine::Result;
use ocelli_engine::op::{Filter, Pool, PoolKind, Resize, SamplePadding};

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "max pool", make: max_pool },
    Case { name: "mean pool", make: mean_pool },
    Case { name: "nearest", make: nearest },
    Case { name: "bilinear", make: bilinear },
    Case { name: "bicubic", make: bicubic },
    Case { name: "twice as large", make: upsample },
    Case { name: "grid sample", make: grid_sample },
];

fn max_pool(m: &mut Maker) -> Result<()> {
    pool(m, &[PoolKind::Max])
}

fn mean_pool(m: &mut Maker) -> Result<()> {
    pool(m, &[PoolKind::Mean, PoolKind::MeanInside])
}

fn pool(m: &mut Maker, kinds: &[PoolKind]) -> Result<()> {
    let r = &mut m.random;
    let kernel = [r.of(&[1, 2, 3, 5, 7]), r.of(&[1, 2, 3, 5, 7])];
    let stride = [r.count(1, 3), r.count(1, 3)];
    let pad: [usize; 4] = std::array::from_fn(|side| r.count(0, kernel[side % 2] / 2));
    let least = [0, 1].map(|i| kernel[i].saturating_sub(pad[i] + pad[i + 2]).max(1));
    let image = [r.count(1, 3), least[0] + r.count(0, 9), least[1] + r.count(0, 9), r.channels()];
    let kind = r.of(kinds);
    let x = m.wide_input(&image)?;
    let y = m.graph.pool(x, Pool { kind, kernel, stride, pad })?;
    m.output(y);
    Ok(())
}

fn nearest(m: &mut Maker) -> Result<()> {
    resize(m, &[(Filter::Nearest, false, false)])
}

fn bilinear(m: &mut Maker) -> Result<()> {
    resize(m, &modes(Filter::Bilinear))
}

fn bicubic(m: &mut Maker) -> Result<()> {
    resize(m, &modes(Filter::Bicubic))
}

fn modes(filter: Filter) -> [(Filter, bool, bool); 3] {
    [(filter, false, false), (filter, true, false), (filter, false, true)]
}

fn resize(m: &mut Maker, modes: &[(Filter, bool, bool)]) -> Result<()> {
    let r = &mut m.random;
    let side = [1, 2, 3, 5, 8, 13, 20, 31];
    let image = [r.count(1, 2), r.of(&side), r.of(&side), r.channels()];
    let size = [r.of(&side), r.of(&side)];
    let (filter, align_corners, antialias) = r.of(modes);
    let x = m.input(&image)?;
    let y = m.graph.resize(x, size, Resize { filter, align_corners, antialias })?;
    m.output(y);
    Ok(())
}

fn upsample(m: &mut Maker) -> Result<()> {
    let r = &mut m.random;
    let image = [r.count(1, 2), r.extent(), r.extent(), r.channels()];
    let factor = r.of(&[1, 2, 2, 3]);
    let x = m.input(&image)?;
    let y = m.graph.upsample_nearest(x, factor)?;
    m.output(y);
    Ok(())
}

fn grid_sample(m: &mut Maker) -> Result<()> {
    let r = &mut m.random;
    let n = r.count(1, 3);
    let image = [n, r.extent(), r.extent(), r.channels()];
    let grid = [n, r.extent(), r.extent(), 2];
    let padding = r.of(&[SamplePadding::Zeros, SamplePadding::Border]);
    let align_corners = r.once_in(2);
    let x = m.input(&image)?;
    let grid = m.input_with(&grid, |random| {
        let limit = random.of(&[1.0, 1.0, 1.5, 100.0]);
        random.float(-limit, limit)
    })?;
    let y = m.graph.grid_sample(x, grid, padding, align_corners)?;
    m.output(y);
    Ok(())
}

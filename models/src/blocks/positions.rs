//! Learned positions of a vision transformer's tokens.

use ocelli_engine::op::{Filter, Resize};
use ocelli_engine::{Error, Graph, Result, Shape, Tensor, Value, Weights};

/// Positions that are stored as one table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Positions {
    /// Side of the grid of patches.
    pub(crate) side: usize,
    /// Whether a grid that is made smaller is smoothed first.
    pub(crate) antialias: bool,
    /// What DINOv2's authors add to the new grid's sides before they divide by the old one's: the scale is then not quite
    /// that of the sizes. Zero for the plain resize of all others.
    pub(crate) offset: f32,
}

impl Positions {
    /// From `position_embeddings` at `w`, `[1, 1 + side * side, d]`: that of the class token `[1, 1, d]`, and those of
    /// the patches, fitted to their grid, `[1, height, width, d]`.
    pub(crate) fn describe(
        &self,
        g: &mut Graph,
        w: &Weights,
        d: usize,
        grid: [usize; 2],
    ) -> Result<(Value, Value)> {
        let side = self.side;
        let table = w.get("position_embeddings", &[1, 1 + side * side, d])?;
        let all = g.constant(table.clone());
        let parts = g.split(all, 1, &[1, side * side])?;
        if self.offset > 0.0 && grid != [side, side] {
            return Ok((parts[0], g.constant(self.scaled(&table, d, grid)?)));
        }
        Ok((parts[0], self.fit(g, parts[1], d, grid)?))
    }

    /// The same of a table without the class token, `[1, side * side, d]`.
    pub(crate) fn of_patches(
        &self,
        g: &mut Graph,
        w: &Weights,
        d: usize,
        grid: [usize; 2],
    ) -> Result<Value> {
        let all = g.constant(w.get("position_embeddings", &[1, self.side * self.side, d])?);
        self.fit(g, all, d, grid)
    }

    fn fit(&self, g: &mut Graph, table: Value, d: usize, grid: [usize; 2]) -> Result<Value> {
        let Positions { side, antialias, .. } = *self;
        let table = g.reshape(table, &[1, side, side, d])?;
        if grid == [side, side] {
            return Ok(table);
        }
        let resize = Resize { filter: Filter::Bicubic, align_corners: false, antialias };
        g.resize(table, grid, resize)
    }

    /// From a table with the class token's position before the others: those of the patches, `[1, height, width, d]`.
    fn scaled(&self, table: &Tensor, d: usize, grid: [usize; 2]) -> Result<Tensor> {
        let Positions { side, offset, .. } = *self;
        let shape = Shape::new(&[1, grid[0], grid[1], d]).ok_or_else(|| Error::Shape {
            op: "positions",
            what: format!("a grid of {} by {} patches", grid[0], grid[1]),
        })?;
        let rule = ("scaled positions", side, grid, offset.to_bits());
        Ok(Tensor::derive(shape, &rule, &[table], move |of| {
            let [rows, columns] = grid.map(|to| taps(side, to, offset));
            let patches = &of[0][d..];
            let mut wide = vec![0.0; side * grid[1] * d];
            for (row, wide) in patches.chunks_exact(side * d).zip(wide.chunks_mut(grid[1] * d)) {
                blend(row, d, &columns, wide);
            }
            let mut all = vec![0.0; grid[0] * grid[1] * d];
            blend(&wide, grid[1] * d, &rows, &mut all);
            all
        }))
    }
}

/// Weights of the entries of an axis with `from` entries, for each of `to` places on it.
type Taps = Vec<[(usize, f32); 4]>;

/// The cubic through four neighbours (Keys' with a = -0.75) at the scale `(to + offset) / from`.
fn taps(from: usize, to: usize, offset: f32) -> Taps {
    let step = (1.0 / ((to as f64 + f64::from(offset)) / from as f64)) as f32;
    let tap = |place: usize| {
        let center = step * (place as f32 + 0.5) - 0.5;
        let t = center - center.floor();
        let at = |i: isize| (center.floor() as isize + i).clamp(0, from as isize - 1) as usize;
        [(at(-1), far(t + 1.0)), (at(0), near(t)), (at(1), near(1.0 - t)), (at(2), far(2.0 - t))]
    };
    (0..to).map(tap).collect()
}

const A: f32 = -0.75;

fn near(x: f32) -> f32 {
    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
}

fn far(x: f32) -> f32 {
    ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
}

/// Entries of `length` numbers to as many as there are taps.
fn blend(entries: &[f32], length: usize, taps: &Taps, out: &mut [f32]) {
    for (out, taps) in out.chunks_exact_mut(length).zip(taps) {
        for &(at, weight) in taps {
            for (out, value) in out.iter_mut().zip(&entries[at * length..]) {
                *out += weight * value;
            }
        }
    }
}

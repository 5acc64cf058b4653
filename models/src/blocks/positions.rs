//! Learned positions of a vision transformer's tokens.

use ocelli_engine::op::{Filter, Resize};
use ocelli_engine::{Graph, Result, Value, Weights};

/// Positions that are stored as one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Positions {
    /// Side of the grid of patches.
    pub(crate) side: usize,
    /// Whether a grid that is made smaller is smoothed first.
    pub(crate) antialias: bool,
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
        let all = g.constant(w.get("position_embeddings", &[1, 1 + side * side, d])?);
        let parts = g.split(all, 1, &[1, side * side])?;
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
        let Positions { side, antialias } = *self;
        let table = g.reshape(table, &[1, side, side, d])?;
        if grid == [side, side] {
            return Ok(table);
        }
        let resize = Resize { filter: Filter::Bicubic, align_corners: false, antialias };
        g.resize(table, grid, resize)
    }
}

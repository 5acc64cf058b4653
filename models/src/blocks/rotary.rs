//! Rotary positions on a grid (Su et al. 2021): neighbouring channels are turned by angles that grow with the place.

use ocelli_engine::{Graph, Result, Value};

/// The base of the angles' frequencies.
const BASE: f64 = 10_000.0;

/// Cosines and sines for each token and pair of channels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotary {
    cosines: Value,
    sines: Value,
}

impl Rotary {
    /// Angles of the tokens of a grid, row by row, for heads of `width` channels: the first half of a head's channels turns
    /// with the column, the second with the row. With a class token, which comes first and is not turned, both count
    /// from 1.
    ///
    /// # Errors
    /// Never for a grid that fits a graph.
    pub(crate) fn grid(
        g: &mut Graph,
        [height, width]: [usize; 2],
        head: usize,
        class_token: bool,
    ) -> Result<Rotary> {
        let half = head / 2;
        let frequency = |i: usize| 1.0 / BASE.powf((2 * i) as f64 / half as f64) as f32;
        let frequencies: Vec<f32> = (0..half / 2).map(frequency).collect();
        let first = usize::from(class_token);
        let mut angles = vec![0.0; first * half];
        for row in first..height + first {
            for column in first..width + first {
                for place in [column, row] {
                    angles.extend(frequencies.iter().map(|f| place as f32 * f));
                }
            }
        }
        let tokens = first + height * width;
        let shape = [1, tokens, 1, angles.len() / tokens.max(1)];
        let cosines = g.table(&shape, angles.iter().map(|a| a.cos()).collect())?;
        let sines = g.table(&shape, angles.iter().map(|a| a.sin()).collect())?;
        Ok(Rotary { cosines, sines })
    }

    /// Turns `[n, t, d]`, heads side by side.
    ///
    /// # Errors
    /// The tokens are not those of the grid, or heads do not divide the width.
    pub(crate) fn turn(self, g: &mut Graph, x: Value, heads: usize) -> Result<Value> {
        let [n, t, d] = g.dims("rotary", x)?;
        let pairs = d / heads.max(1) / 2;
        let split = g.reshape(x, &[n, t, heads, pairs, 2])?;
        let mut part = |i: usize| {
            let one = g.slice(split, 4, i..i + 1)?;
            g.reshape(one, &[n, t, heads, pairs])
        };
        let (even, odd) = (part(0)?, part(1)?);
        let (a, b) = (g.mul(even, self.cosines)?, g.mul(odd, self.sines)?);
        let turned = g.sub(a, b)?;
        let (a, b) = (g.mul(odd, self.cosines)?, g.mul(even, self.sines)?);
        let beside = g.add(a, b)?;
        let turned = g.reshape(turned, &[n, t, heads, pairs, 1])?;
        let beside = g.reshape(beside, &[n, t, heads, pairs, 1])?;
        let both = g.concat(&[turned, beside], 4)?;
        g.reshape(both, &[n, t, d])
    }
}

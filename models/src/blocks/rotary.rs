//! Rotary positions (Su et al. 2021): pairs of channels of queries and keys are turned by angles of their token's place.

use ocelli_engine::{Graph, Result, Value};

/// Cosines and sines for each token and channel of a head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rotary {
    cos: Value,
    sin: Value,
    heads: usize,
    parts: usize,
}

impl Rotary {
    /// Tables for `tokens` tokens and `heads` heads of `channels` channels. Channels lie in `parts` parts, in each of which
    /// channel `i` of the first half makes a pair with channel `i` of the second; `angle` gives the angle by token and
    /// channel, and must be the same for both of a pair.
    pub(crate) fn new(
        g: &mut Graph,
        tokens: usize,
        [heads, channels, parts]: [usize; 3],
        angle: impl Fn(usize, usize) -> f32,
    ) -> Result<Rotary> {
        let half = channels / parts.max(1) / 2;
        let places = || (0..tokens).flat_map(|token| (0..channels).map(move |c| (token, c)));
        let signed = |(token, c): (usize, usize)| {
            let sin = angle(token, c).sin();
            if c / half.max(1) % 2 == 0 { -sin } else { sin }
        };
        let cos = places().map(|(token, c)| angle(token, c).cos()).collect();
        let sin = places().map(signed).collect();
        let shape = [tokens, 1, channels];
        Ok(Rotary { cos: g.table(&shape, cos)?, sin: g.table(&shape, sin)?, heads, parts })
    }

    /// Turns queries or keys, `[n, t, d]` to the same.
    pub(crate) fn turn(&self, g: &mut Graph, x: Value) -> Result<Value> {
        let [n, t, d] = g.dims("rotary", x)?;
        let Rotary { cos, sin, heads, parts } = *self;
        let groups = heads * parts;
        let pairs = g.reshape(x, &[n, t, groups, d / groups])?;
        let half = d / groups / 2;
        let first = g.slice(pairs, 3, 0..half)?;
        let second = g.slice(pairs, 3, half..2 * half)?;
        let swapped = g.concat(&[second, first], 3)?;
        let by_head = [n, t, heads, d / heads];
        let (x, swapped) = (g.reshape(x, &by_head)?, g.reshape(swapped, &by_head)?);
        let (x, swapped) = (g.mul(x, cos)?, g.mul(swapped, sin)?);
        let x = g.add(x, swapped)?;
        g.reshape(x, &[n, t, d])
    }
}

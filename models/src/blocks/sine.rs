//! Sine embeddings of coordinates.

use std::f64::consts::{FRAC_PI_2, PI};

use ocelli_engine::op::Unary;
use ocelli_engine::{Graph, Result, Value};

const TEMPERATURE: f64 = 10_000.0;

/// Boxes `[n, q, 4]` (cx, cy, w, h) to `[n, q, 4 * dim]`: for cy, cx, w and h in this order, sines and cosines of
/// `2 pi x / 10000^(2 i / dim)` in turn.
pub(crate) fn sine_embedding(g: &mut Graph, boxes: Value, dim: usize) -> Result<Value> {
    let [n, q, _] = g.dims("sine_embedding", boxes)?;
    let parts = g.split(boxes, 2, &[1, 1, 2])?;
    let ordered = g.concat(&[parts[1], parts[0], parts[2]], 2)?;
    let column = g.reshape(ordered, &[n, q, 4, 1])?;

    let (frequencies, phases) = waves(dim);
    let frequencies = g.table(&[dim], frequencies)?;
    let phases = g.table(&[dim], phases)?;
    let angles = g.mul(column, frequencies)?;
    let angles = g.add(angles, phases)?;
    let waves = g.unary(angles, Unary::Sin);
    g.reshape(waves, &[n, q, 4 * dim])
}

/// Frequency and phase by channel; a cosine is a sine a quarter turn ahead.
fn waves(dim: usize) -> (Vec<f32>, Vec<f32>) {
    let wave = |i: usize| {
        let frequency = 2.0 * PI / TEMPERATURE.powf((i / 2 * 2) as f64 / dim as f64);
        (frequency as f32, if i.is_multiple_of(2) { 0.0 } else { FRAC_PI_2 as f32 })
    };
    (0..dim).map(wave).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_fall_pair_by_pair() {
        let (frequencies, phases) = waves(4);
        let turn = std::f32::consts::TAU;
        assert_eq!(frequencies, [turn, turn, turn / 100.0, turn / 100.0]);
        assert_eq!(phases[..2], [0.0, std::f32::consts::FRAC_PI_2]);
    }
}

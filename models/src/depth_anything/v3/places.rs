//! Sine embeddings of a map's places, added to it.

use ocelli_engine::{Graph, Result, Value};

/// What the embeddings are multiplied by.
const SHARE: f32 = 0.1;
const PERIOD: f32 = 100.0;

/// A map `[n, h, w, c]` of an image of the given proportion (width to height) with the embeddings of its columns added to
/// the first half of the channels, those of its rows to the second.
pub(super) fn with_places(g: &mut Graph, x: Value, proportion: f64) -> Result<Value> {
    let [_, rows, columns, channels] = g.dims("depth_anything", x)?;
    let diagonal = (proportion * proportion + 1.0).sqrt();
    let across = table(columns, proportion / diagonal, channels, 0);
    let down = table(rows, 1.0 / diagonal, channels, channels / 2);
    let across = g.table(&[1, 1, columns, channels], across)?;
    let down = g.table(&[1, rows, 1, channels], down)?;
    let x = g.add(x, across)?;
    g.add(x, down)
}

/// `[count, channels]`: for places from `-span` to `span`, sines and then cosines in half of the channels from `first` on.
fn table(count: usize, span: f64, channels: usize, first: usize) -> Vec<f32> {
    let quarter = channels / 4;
    let last = span * (count as f64 - 1.0) / count as f64;
    let step = if count > 1 { 2.0 * last / (count as f64 - 1.0) } else { 0.0 };
    let value = |place: f32, channel: usize| match channel.checked_sub(first) {
        Some(i) if i < 2 * quarter => {
            let angle = place / PERIOD.powf((i % quarter) as f32 / quarter as f32);
            SHARE * if i < quarter { angle.sin() } else { angle.cos() }
        }
        _ => 0.0,
    };
    let row = |i: usize| {
        let place = (step * i as f64 - last) as f32;
        (0..channels).map(move |channel| value(place, channel))
    };
    (0..count).flat_map(row).collect()
}

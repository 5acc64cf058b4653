//! Transformer layers among the pixels of a map.

use ocelli_engine::op::Activation;
use ocelli_engine::{Error, Graph, Result, Value, Weights};

use super::call::Call;
use super::csp::{c3_of, stack};
use crate::blocks::attention::in_proj_attention;
use crate::blocks::mlp::feed_forward;

/// Of layer norms.
const EPS: f32 = 1e-5;
/// The slowest wave of the encoding of places.
const TEMPERATURE: f64 = 10_000.0;

/// `AIFI`: channels of the feed-forward part, heads. A layer of a transformer's encoder, its norms after the parts.
pub(super) fn aifi(g: &mut Graph, x: Value, w: &Weights, call: &Call<'_>) -> Result<Value> {
    let (hidden, heads) = (call.size(0, 2048)?, call.size(1, 8)?);
    if call.flag(4, false)? {
        let what = "norms before the parts of a layer".to_owned();
        return Err(Error::Shape { op: "argument", what });
    }
    let [n, height, width, c] = g.dims("AIFI", x)?;
    let x = g.reshape(x, &[n, height * width, c])?;
    let places = g.table(&[height * width, c], places(height, width, c)?)?;
    let q = g.add(x, places)?;
    let y = in_proj_attention(g, &w.at("ma"), [q, q, x], heads, None)?;
    let x = g.add(x, y)?;
    let x = g.layer_norm(x, &w.at("norm1"), EPS)?;
    let layers = (&w.at("fc1"), &w.at("fc2"));
    let y = feed_forward(g, x, layers, hidden, Activation::Gelu)?;
    let x = g.add(x, y)?;
    let x = g.layer_norm(x, &w.at("norm2"), EPS)?;
    g.reshape(x, &[n, height, width, c])
}

/// `[height * width, c]`: a quarter each of sines and cosines of the row, then of the column.
fn places(height: usize, width: usize, c: usize) -> Result<Vec<f32>> {
    if !c.is_multiple_of(4) {
        let what = format!("{c} channels where a multiple of 4 is needed");
        return Err(Error::Shape { op: "AIFI", what });
    }
    let quarter = c / 4;
    let mut values = Vec::with_capacity(height * width * c);
    for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
        for place in [row, column] {
            let angle = |i: usize| {
                let frequency = TEMPERATURE.powf(i as f64 / quarter as f64).recip();
                place as f64 * frequency
            };
            values.extend((0..quarter).map(|i| angle(i).sin() as f32));
            values.extend((0..quarter).map(|i| angle(i).cos() as f32));
        }
    }
    Ok(values)
}

/// `C3TR`: -, -, expansion. The blocks are layers without norms and activations.
pub(super) fn c3_transformer(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    call: &Call<'_>,
) -> Result<Value> {
    let inner = call.inner(2, 0.5)?;
    c3_of(g, x, w, (call.out, inner), call.units, |g, x, w| {
        let [n, height, width, c] = g.dims("C3TR", x)?;
        let x = g.reshape(x, &[n, height * width, c])?;
        let y = g.linear(x, &w.at("linear"), c)?;
        let x = g.add(x, y)?;
        let x = stack(g, x, &w.at("tr"), call.repeats, plain_layer)?;
        g.reshape(x, &[n, height, width, c])
    })
}

/// `[n, t, c]` to the same, with four heads.
fn plain_layer(g: &mut Graph, x: Value, w: &Weights) -> Result<Value> {
    let c = g.shape(x).last_dim();
    let mut qkv = [x; 3];
    for (name, part) in ["q", "k", "v"].iter().zip(&mut qkv) {
        *part = g.linear_no_bias(x, &w.at(name), c)?;
    }
    let y = in_proj_attention(g, &w.at("ma"), qkv, 4, None)?;
    let x = g.add(y, x)?;
    let y = g.linear_no_bias(x, &w.at("fc1"), c)?;
    let y = g.linear_no_bias(y, &w.at("fc2"), c)?;
    g.add(y, x)
}

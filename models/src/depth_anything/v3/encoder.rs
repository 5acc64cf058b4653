//! The encoder.

use ocelli_engine::{Graph, Result, Value, Weights};

use super::config::Config;
use crate::blocks::layer::QueryKey;
use crate::blocks::rotary::Rotary;
use crate::depth_anything::dpt::grid;
use crate::vit::embed;

/// Of the norms of queries and keys, and of the last one.
const EPS: f32 = 1e-5;
/// The longest period of the rotary positions.
const PERIOD: f32 = 100.0;

/// Image `[n, h, w, 3]` to the tokens after each layer, `[n, 1 + patches, d]`, and for each of the four places what the
/// head takes: the tokens of the last layer that kept to its picture beside those of the place, `[n, 1 + patches, 2 d]`.
pub(super) fn encoder(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Config,
) -> Result<(Vec<Value>, [Value; 4])> {
    let grid = grid(g, image, config.encoder.patch)?;
    let mut x = embed(g, &w.at("embeddings"), image, &config.encoder)?;
    let seen: [usize; 3] = g.dims("depth_anything", x)?;
    let [apart, together] = [true, false].map(|apart| places(g, grid, apart, config));
    let (apart, together) = (apart?, together?);
    let mut own = x;
    let mut hidden = Vec::with_capacity(config.encoder.depth);
    let mut taken = [x; 4];
    for i in 0..config.encoder.depth {
        if i == config.start {
            x = with_camera(g, w, x)?;
        }
        let late = i >= config.start;
        let across_pictures = late && i % 2 == 1;
        let rotary = if across_pictures { &together } else { &apart };
        let change = QueryKey { norm: late.then_some(EPS), rotary: late.then_some(rotary) };
        x = config.encoder.layer.describe_with(g, &w.at("encoder.layer").at(i), x, seen, change)?;
        hidden.push(x);
        if !across_pictures {
            own = x;
        }
        if let Some(place) = config.layers.iter().position(|&layer| layer == i) {
            let normed = g.layer_norm(x, &w.at("layernorm"), EPS)?;
            taken[place] = g.concat(&[own, normed], 2)?;
        }
    }
    Ok((hidden, taken))
}

/// The tokens with that of the first camera in place of the class token.
fn with_camera(g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
    let [n, t, d] = g.dims("depth_anything", x)?;
    let cameras = g.constant(w.get("camera_token", &[1, 2, d])?);
    let camera = g.slice(cameras, 1, 0..1)?;
    let camera = g.expand(camera, &[n, 1, d])?;
    let patches = g.slice(x, 1, 1..t)?;
    g.concat(&[camera, patches], 1)
}

/// Angles of rows in the first half of a head's channels and of columns in the second; all patches have one place where
/// they are not told apart.
fn places(
    g: &mut Graph,
    [rows, columns]: [usize; 2],
    apart: bool,
    config: &Config,
) -> Result<Rotary> {
    let heads = config.encoder.layer.heads;
    let channels = config.encoder.width / heads.max(1);
    let (half, quarter) = (channels / 2, (channels / 4).max(1));
    let angle = |token: usize, channel: usize| {
        let Some(patch) = token.checked_sub(1) else { return 0.0 };
        let place = match (apart, channel < half) {
            (false, _) => 1,
            (true, true) => patch / columns + 1,
            (true, false) => patch % columns + 1,
        };
        let exponent = (2 * (channel % quarter)) as f32 / half as f32;
        place as f32 * (1.0 / PERIOD.powf(exponent))
    };
    Rotary::new(g, 1 + rows * columns, [heads, channels, 2], angle)
}

//! The network.

use ocelli_engine::op::{Activation, Filter, Resize};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::Config;
use crate::blocks::conv_norm::ConvNorm;

/// What follows convolutions of the decoder.
const UNIT: ConvNorm = ConvNorm { eps: 1e-5, activation: Activation::Relu };
/// How far the convolutions over the last map reach.
const RATES: [usize; 3] = [12, 24, 36];
/// Channels that the fine map is narrowed to.
const FINE: usize = 48;

/// What the network answers, and the maps on the way.
#[derive(Clone, Debug)]
pub struct Network {
    /// `[n, h, w, classes]`, as large as pictures.
    pub logits: Value,
    /// Name and map of each stage, in order.
    pub stages: Vec<(String, Value)>,
}

/// Pictures `[n, h, w, c]`, sides multiples of the output stride, to logits.
///
/// # Errors
/// A weight is missing or has another shape, or the sides do not fit.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let [fine, last] = config.encoder.maps(g, &w.at("encoder"), image, config.output_stride)?;
    let decoder = w.at("decoder");
    let seen = pyramid(g, last, &decoder.at("aspp.0"), config)?;
    let x = separable(g, seen, &decoder, ["aspp.1", "aspp.2"], config.width, 1)?;
    let x = enlarge(g, x, config.output_stride / 4)?;
    let narrow = UNIT.run(g, fine, &decoder.at("block1"), ["0", "1"], FINE, Conv::k(1))?;
    let x = g.concat(&[x, narrow], 3)?;
    let joined = separable(g, x, &decoder.at("block2"), ["0", "1"], config.width, 1)?;
    let logits = g.conv(joined, &w.at("segmentation_head.0"), config.classes, Conv::k(1))?;
    let logits = enlarge(g, logits, 4)?;
    let stages = [("fine", fine), ("last", last), ("pyramid", seen), ("joined", joined)];
    Ok(Network { logits, stages: stages.map(|(name, x)| (name.to_owned(), x)).to_vec() })
}

/// `[n, h, w, c]` to `[n, h, w, width]`: what is at each place, around it at three distances, and in the whole map.
fn pyramid(g: &mut Graph, x: Value, w: &Weights, config: &Config) -> Result<Value> {
    let [n, height, width, _] = g.dims("pyramid", x)?;
    let convs = w.at("convs");
    let mut maps = vec![UNIT.run(g, x, &convs.at(0), ["0", "1"], config.width, Conv::k(1))?];
    for (i, rate) in RATES.into_iter().enumerate() {
        let w = convs.at(i + 1);
        maps.push(if config.separable {
            separable(g, x, &w, ["0", "1"], config.width, rate)?
        } else {
            UNIT.run(g, x, &w, ["0", "1"], config.width, Conv::k(3).dilation(rate).pad(rate))?
        });
    }
    let mean = g.global_avg_pool(x)?;
    let mean = UNIT.run(g, mean, &convs.at(4), ["1", "2"], config.width, Conv::k(1))?;
    maps.push(g.expand(mean, &[n, height, width, config.width])?);
    let x = g.concat(&maps, 3)?;
    UNIT.run(g, x, &w.at("project"), ["0", "1"], config.width, Conv::k(1))
}

/// A convolution by channel and one across channels, norm and `ReLU`.
fn separable(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    [conv, norm]: [&str; 2],
    out: usize,
    rate: usize,
) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let by_channel = Conv::k(3).dilation(rate).pad(rate).groups(channels);
    let x = g.conv_no_bias(x, &w.at(conv).at(0), channels, by_channel)?;
    UNIT.run(g, x, w, [&format!("{conv}.1"), norm], out, Conv::k(1))
}

/// A map `factor` times as large, corners on corners.
fn enlarge(g: &mut Graph, x: Value, factor: usize) -> Result<Value> {
    let [_, height, width, _] = g.dims("enlarge", x)?;
    let resize = Resize { filter: Filter::Bilinear, align_corners: true, antialias: false };
    g.resize(x, [factor * height, factor * width], resize)
}

//! The network.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::{Block, Config};
use crate::blocks::conv_norm::ConvNorm;
use crate::encoders::dilated::{Pace, pace};

const RELU: ConvNorm = ConvNorm { eps: 1e-5, activation: Activation::Relu };
const LINEAR: ConvNorm = ConvNorm { activation: Activation::Identity, ..RELU };

/// What there is of a network in a graph.
#[derive(Clone, Debug)]
pub struct Network {
    /// After the stem and after each stage, `[n, h, w, c]`.
    pub stages: Vec<Value>,
    /// Means over each map, `[n, c]`.
    pub features: Value,
    /// `[n, classes]`.
    pub logits: Value,
}

/// Image `[n, h, w, 3]` to logits.
///
/// # Errors
/// A weight is missing or has another shape, or the image is too small.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let stages = stages(g, w, image, config, 32)?;
    let x = stages[stages.len() - 1];
    let n = g.shape(x)[0];
    let x = g.global_avg_pool(x)?;
    let features = g.reshape(x, &[n, config.channels(3)])?;
    let logits = g.linear(features, &w.at("fc"), config.classes)?;
    Ok(Network { stages, features, logits })
}

/// Pictures to the maps after the stem and after each stage, `[n, h, w, c]`; the last are `output_stride` times smaller than
/// pictures, as `segmentation_models_pytorch` makes them.
///
/// # Errors
/// A weight is missing or has another shape, or the image is too small.
pub(crate) fn stages(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Config,
    output_stride: usize,
) -> Result<Vec<Value>> {
    let x = RELU.run(g, image, w, ["conv1", "bn1"], 64, Conv::same(7).stride(2))?;
    let mut x = g.max_pool(x, 3, 2, 1)?;
    let mut stages = vec![x];
    for (i, &depth) in config.depths.iter().enumerate() {
        let stage = w.at(format!("layer{}", i + 1));
        for j in 0..depth {
            let pace = pace(4 << i, if i > 0 && j == 0 { 2 } else { 1 }, output_stride);
            x = block(g, x, &stage.at(j), (i, pace), config)?;
        }
        stages.push(x);
    }
    Ok(stages)
}

/// A block of a stage: `[n, h, w, c]` to `[n, h / stride, w / stride, channels]`.
fn block(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    (stage, pace): (usize, Pace),
    config: &Config,
) -> Result<Value> {
    let (inner, out) = (config.width << stage, config.channels(stage));
    let Pace { stride, dilation } = pace;
    let dilation = dilation.unwrap_or(1);
    let wide = Conv::k(3).dilation(dilation).pad(dilation).groups(config.groups);
    let y = match config.block {
        Block::Basic => {
            let y = RELU.run(g, x, w, ["conv1", "bn1"], inner, wide.stride(stride))?;
            LINEAR.run(g, y, w, ["conv2", "bn2"], out, wide)?
        }
        Block::Bottleneck => {
            let y = RELU.run(g, x, w, ["conv1", "bn1"], inner, Conv::k(1))?;
            let y = RELU.run(g, y, w, ["conv2", "bn2"], inner, wide.stride(stride))?;
            LINEAR.run(g, y, w, ["conv3", "bn3"], out, Conv::k(1))?
        }
    };
    let shortcut = ["downsample.0", "downsample.1"];
    let x = if stride != 1 || g.shape(x).last_dim() != out {
        LINEAR.run(g, x, w, shortcut, out, Conv::k(1).stride(stride))?
    } else {
        x
    };
    let x = g.add(y, x)?;
    Ok(g.relu(x))
}

//! `ConvNeXt` V2 (Woo et al. 2023).

use ocelli_engine::op::{Activation, Reduce, Unary};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

/// What norms add to the variance, and the response norm to the mean length.
const EPS: f32 = 1e-6;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    depths: [usize; 4],
    widths: [usize; 4],
}

pub(super) const TINY: Row = Row { depths: [3, 3, 9, 3], widths: [96, 192, 384, 768] };

impl Row {
    /// See [`super::Encoder::maps`].
    pub(super) fn maps(&self, g: &mut Graph, w: &Weights, image: Value) -> Result<Vec<Value>> {
        let x = g.conv(image, &w.at("stem_0"), self.widths[0], Conv::k(4).stride(4))?;
        let mut x = g.layer_norm(x, &w.at("stem_1"), EPS)?;
        let mut maps = Vec::new();
        for (i, (&depth, &width)) in self.depths.iter().zip(&self.widths).enumerate() {
            let w = w.at(format!("stages_{i}"));
            if i > 0 {
                x = g.layer_norm(x, &w.at("downsample.0"), EPS)?;
                x = g.conv(x, &w.at("downsample.1"), width, Conv::k(2).stride(2))?;
            }
            for j in 0..depth {
                x = block(g, x, &w.at("blocks").at(j))?;
            }
            maps.push(x);
        }
        Ok(maps)
    }
}

/// `[n, h, w, c]` to the same.
fn block(g: &mut Graph, x: Value, w: &Weights) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let y = g.conv(x, &w.at("conv_dw"), channels, Conv::same(7).groups(channels))?;
    let y = g.layer_norm(y, &w.at("norm"), EPS)?;
    let w = w.at("mlp");
    let y = g.linear(y, &w.at("fc1"), 4 * channels)?;
    let y = g.activation(y, Activation::Gelu);
    let y = response_norm(g, y, &w.at("grn"))?;
    let y = g.linear(y, &w.at("fc2"), channels)?;
    g.add(y, x)
}

/// `[n, h, w, c]` to the same, channels weighted by their lengths over the map against each other's.
fn response_norm(g: &mut Graph, x: Value, w: &Weights) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let squares = g.unary(x, Unary::Square);
    let squares = g.reduce(squares, Reduce::Sum, 1..3)?;
    let lengths = g.unary(squares, Unary::Sqrt);
    let mean = g.reduce(lengths, Reduce::Mean, 3..4)?;
    let eps = g.table(&[1], vec![EPS])?;
    let mean = g.add(mean, eps)?;
    let share = g.div(lengths, mean)?;
    let weight = g.constant(w.get("weight", &[channels])?);
    let bias = g.constant(w.get("bias", &[channels])?);
    let share = g.mul(share, weight)?;
    let y = g.mul(x, share)?;
    let y = g.add(y, bias)?;
    g.add(y, x)
}

//! PP-HGNetV2 (Baidu, 2023): blocks whose layers are all joined, with a learnt gain and shift after each rectifier.

use ocelli_engine::op::{Activation, PadMode};
use ocelli_engine::{Graph, Result, Value, Weights};

use super::unit::Unit;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// Channels within the stem, and after it.
    stem: [usize; 2],
    stages: [Stage; 4],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stage {
    /// Channels of the layers of a block.
    inner: usize,
    out: usize,
    blocks: usize,
    /// Whether layers are across channels first, then by channel.
    light: bool,
    kernel: usize,
}

/// Layers of a block.
const LAYERS: usize = 3;

pub(super) const B0: Row = Row {
    stem: [16, 16],
    stages: [
        Stage { inner: 16, out: 64, blocks: 1, light: false, kernel: 3 },
        Stage { inner: 32, out: 256, blocks: 1, light: false, kernel: 3 },
        Stage { inner: 64, out: 512, blocks: 2, light: true, kernel: 5 },
        Stage { inner: 128, out: 1024, blocks: 1, light: true, kernel: 5 },
    ],
};

impl Row {
    /// See [`super::Encoder::maps`].
    pub(super) fn maps(&self, g: &mut Graph, w: &Weights, image: Value) -> Result<Vec<Value>> {
        let mut x = self.stem(g, image, &w.at("stem"))?;
        let mut maps = Vec::new();
        for (i, stage) in self.stages.iter().enumerate() {
            let w = w.at(format!("stages_{i}"));
            if i > 0 {
                let unit = linear(3).stride(2).depthwise();
                let channels = g.shape(x).last_dim();
                x = unit.run(g, x, &w.at("downsample"), ["conv", "bn"], channels)?;
            }
            for j in 0..stage.blocks {
                let y = stage.block(g, x, &w.at("blocks").at(j))?;
                x = if j > 0 { g.add(y, x)? } else { y };
            }
            maps.push(x);
        }
        Ok(maps)
    }

    /// `[n, h, w, 3]` to `[n, h / 4, w / 4, stem]`.
    fn stem(&self, g: &mut Graph, image: Value, w: &Weights) -> Result<Value> {
        let [inner, out] = self.stem;
        let larger = |g: &mut Graph, x: Value| {
            g.pad(x, &[[0, 0], [0, 1], [0, 1], [0, 0]], PadMode::Constant(0.0))
        };
        let x = active(g, image, &w.at("stem1"), relu(3).stride(2), inner)?;
        let x = larger(g, x)?;
        let y = active(g, x, &w.at("stem2a"), relu(2), inner / 2)?;
        let y = larger(g, y)?;
        let y = active(g, y, &w.at("stem2b"), relu(2), inner)?;
        let x = g.max_pool(x, 2, 1, 0)?;
        let x = g.concat(&[x, y], 3)?;
        let x = active(g, x, &w.at("stem3"), relu(3).stride(2), inner)?;
        active(g, x, &w.at("stem4"), relu(1), out)
    }
}

impl Stage {
    /// `[n, h, w, c]` to `[n, h, w, out]`, without its shortcut.
    fn block(&self, g: &mut Graph, x: Value, w: &Weights) -> Result<Value> {
        let mut maps = vec![x];
        let mut x = x;
        for i in 0..LAYERS {
            let w = w.at("layers").at(i);
            x = if self.light {
                let y = linear(1).run(g, x, &w.at("conv1"), ["conv", "bn"], self.inner)?;
                active(g, y, &w.at("conv2"), relu(self.kernel).depthwise(), self.inner)?
            } else {
                active(g, x, &w, relu(self.kernel), self.inner)?
            };
            maps.push(x);
        }
        let x = g.concat(&maps, 3)?;
        let w = w.at("aggregation");
        let x = active(g, x, &w.at(0), relu(1), self.out / 2)?;
        active(g, x, &w.at(1), relu(1), self.out)
    }
}

/// A unit with its gain and its shift.
fn active(g: &mut Graph, x: Value, w: &Weights, unit: Unit, out: usize) -> Result<Value> {
    let x = unit.run(g, x, w, ["conv", "bn"], out)?;
    let (scale, bias) = (w.get("lab.scale", &[1])?, w.get("lab.bias", &[1])?);
    let (scale, bias) = (g.constant(scale), g.constant(bias));
    let x = g.mul(x, scale)?;
    g.add(x, bias)
}

fn relu(kernel: usize) -> Unit {
    Unit::new(kernel, 1e-5, Activation::Relu)
}

fn linear(kernel: usize) -> Unit {
    Unit::new(kernel, 1e-5, Activation::Identity)
}

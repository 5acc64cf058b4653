//! Networks of inverted bottlenecks as timm writes them: `conv_stem`, `bn1`, `blocks.STAGE.I`.

use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Result, Value, Weights};

use super::round_channels;
use super::squeeze::squeeze;
use super::unit::{Border, Unit};

/// A network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    /// Channels after the stem.
    pub(super) stem: usize,
    pub(super) stages: &'static [&'static [Blocks]],
    /// Factor of the channels of blocks; they are rounded to multiples of 8.
    pub(super) width: f64,
    /// How much of its channels rounding down may leave; below that they are rounded up.
    pub(super) least: f64,
    /// Factor of how often blocks are repeated, rounded up.
    pub(super) depth: f64,
    /// Whether the first and the last stage are not repeated more often.
    pub(super) ends_fixed: bool,
    pub(super) border: Border,
    pub(super) eps: f32,
    pub(super) activation: Activation,
}

/// Equal blocks one after the other, but for the stride of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    pub(super) kind: Kind,
    pub(super) repeat: usize,
    pub(super) stride: usize,
    /// Channels that come out, before the factor.
    pub(super) out: usize,
}

/// What a block is. `expand` is how many times the channels that come in there are within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One convolution; with `skip` the input is added where it can be.
    Conv { kernel: usize, skip: bool },
    /// By channel, then across channels.
    Separable { kernel: usize },
    /// Wider, by channel, perhaps weighted, narrower.
    Inverted { kernel: usize, expand: usize, squeezed: bool },
    /// Wider by a dense convolution, narrower.
    Fused { kernel: usize, expand: usize },
    /// By channel, wider, by channel, narrower; a kernel of 0 leaves its convolution out.
    Universal { first: usize, middle: usize, expand: usize },
}

impl Row {
    /// See [`super::Encoder::maps`].
    pub(super) fn maps(&self, g: &mut Graph, w: &Weights, image: Value) -> Result<Vec<Value>> {
        let stem = self.unit(3, true).stride(2);
        let mut x = stem.run(g, image, w, ["conv_stem", "bn1"], self.stem)?;
        let mut maps = Vec::new();
        for (stage, groups) in self.stages.iter().enumerate() {
            let w = w.at("blocks").at(stage);
            let mut place = 0;
            for blocks in *groups {
                for i in 0..self.repeats(stage, blocks.repeat) {
                    let stride = if i == 0 { blocks.stride } else { 1 };
                    if stride > 1 {
                        maps.push(x);
                    }
                    let block = Block {
                        kind: blocks.kind,
                        stride,
                        out: round_channels(blocks.out, self.width, self.least),
                    };
                    x = self.block(g, x, &w.at(place), block)?;
                    place += 1;
                }
            }
        }
        maps.push(x);
        Ok(maps)
    }

    fn repeats(&self, stage: usize, repeat: usize) -> usize {
        let end = stage == 0 || stage + 1 == self.stages.len();
        if self.ends_fixed && end { repeat } else { (repeat as f64 * self.depth).ceil() as usize }
    }

    fn unit(&self, kernel: usize, active: bool) -> Unit {
        let activation = if active { self.activation } else { Activation::Identity };
        Unit::new(kernel, self.eps, activation).border(self.border)
    }

    /// `[n, h, w, c]` to `[n, h / stride, w / stride, out]`.
    fn block(&self, g: &mut Graph, x: Value, w: &Weights, block: Block) -> Result<Value> {
        let channels = g.shape(x).last_dim();
        let Block { kind, stride, out } = block;
        let y = match kind {
            Kind::Conv { kernel, .. } => {
                self.unit(kernel, true).stride(stride).run(g, x, w, ["conv", "bn1"], out)?
            }
            Kind::Separable { kernel } => {
                let unit = self.unit(kernel, true).stride(stride).depthwise();
                let y = unit.run(g, x, w, ["conv_dw", "bn1"], channels)?;
                self.unit(1, false).run(g, y, w, ["conv_pw", "bn2"], out)?
            }
            Kind::Inverted { kernel, expand, squeezed } => {
                let inner = channels * expand;
                let y = self.unit(1, true).run(g, x, w, ["conv_pw", "bn1"], inner)?;
                let unit = self.unit(kernel, true).stride(stride).depthwise();
                let mut y = unit.run(g, y, w, ["conv_dw", "bn2"], inner)?;
                if squeezed {
                    let names = ["se.conv_reduce", "se.conv_expand"];
                    y = squeeze(g, y, w, names, channels / 4)?;
                }
                self.unit(1, false).run(g, y, w, ["conv_pwl", "bn3"], out)?
            }
            Kind::Fused { kernel, expand } => {
                let unit = self.unit(kernel, true).stride(stride);
                let y = unit.run(g, x, w, ["conv_exp", "bn1"], channels * expand)?;
                self.unit(1, false).run(g, y, w, ["conv_pwl", "bn2"], out)?
            }
            Kind::Universal { .. } => self.universal(g, x, w, block)?,
        };
        let skip = !matches!(kind, Kind::Conv { skip: false, .. });
        if skip && stride == 1 && channels == out { g.add(y, x) } else { Ok(y) }
    }

    /// A [`Kind::Universal`] without its shortcut.
    fn universal(&self, g: &mut Graph, x: Value, w: &Weights, block: Block) -> Result<Value> {
        let Kind::Universal { first, middle, expand } = block.kind else { return Ok(x) };
        let channels = g.shape(x).last_dim();
        let inner = channels * expand;
        let part = |g: &mut Graph, x: Value, name: &str, unit: Unit, out: usize| {
            unit.run(g, x, &w.at(name), ["conv", "bn"], out)
        };
        let mut y = x;
        if first > 0 {
            let stride = if middle > 0 { 1 } else { block.stride };
            let unit = self.unit(first, false).stride(stride).depthwise();
            y = part(g, y, "dw_start", unit, channels)?;
        }
        y = part(g, y, "pw_exp", self.unit(1, true), inner)?;
        if middle > 0 {
            let unit = self.unit(middle, true).stride(block.stride).depthwise();
            y = part(g, y, "dw_mid", unit, inner)?;
        }
        part(g, y, "pw_proj", self.unit(1, false), block.out)
    }
}

/// One block.
#[derive(Clone, Copy)]
struct Block {
    kind: Kind,
    stride: usize,
    out: usize,
}

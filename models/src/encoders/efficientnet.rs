//! `EfficientNet` (Tan & Le 2019) in the names of `efficientnet_pytorch`: `_conv_stem`, `_bn0`, `_blocks.I`.

use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Result, Value, Weights};

use super::dilated::{Pace, pace};
use super::squeeze::squeeze;
use super::unit::{Border, Unit};

const EPS: f32 = 1e-3;

/// A network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Row {
    /// Factors of the channels, and of how often blocks are repeated.
    scale: [f64; 2],
    /// Side of the pictures that it is made for: borders are those which such a picture needs, whatever the picture is.
    side: usize,
    /// The last blocks of strides 4, 8 and 16, as `segmentation_models_pytorch` takes them.
    ends: [usize; 3],
}

const fn row(width: f64, depth: f64, side: usize, ends: [usize; 3]) -> Row {
    Row { scale: [width, depth], side, ends }
}

pub(crate) const B0: Row = row(1.0, 1.0, 224, [2, 4, 8]);
pub(crate) const B1: Row = row(1.0, 1.1, 240, [4, 7, 15]);
pub(crate) const B2: Row = row(1.1, 1.2, 260, [4, 7, 15]);
pub(crate) const B3: Row = row(1.2, 1.4, 300, [4, 7, 17]);
pub(crate) const B4: Row = row(1.4, 1.8, 380, [5, 9, 21]);
pub(crate) const B5: Row = row(1.6, 2.2, 456, [7, 12, 26]);
pub(crate) const B6: Row = row(1.8, 2.6, 528, [8, 14, 30]);
pub(crate) const B7: Row = row(2.0, 3.1, 600, [10, 17, 37]);

/// Equal blocks one after the other, but for the stride of the first: repeat, kernel, stride, expansion, channels.
const BLOCKS: [[usize; 5]; 7] = [
    [1, 3, 1, 1, 16],
    [2, 3, 2, 6, 24],
    [2, 5, 2, 6, 40],
    [3, 3, 2, 6, 80],
    [3, 5, 1, 6, 112],
    [4, 5, 2, 6, 192],
    [1, 3, 1, 6, 320],
];

impl Row {
    /// Pictures to the maps of stride 4 and of `output_stride`.
    pub(crate) fn maps(
        &self,
        g: &mut Graph,
        w: &Weights,
        image: Value,
        output_stride: usize,
    ) -> Result<[Value; 2]> {
        let [width, depth] = self.scale;
        let stem = Unit::new(3, EPS, Activation::Silu).stride(2).border(Border::SameAs(self.side));
        let mut x = stem.run(g, image, w, ["_conv_stem", "_bn0"], channels(32, width))?;
        let (mut side, mut index, mut fine) = (self.side.div_ceil(2), 0, x);
        for [repeat, kernel, stride, expand, out] in BLOCKS {
            for i in 0..(repeat as f64 * depth).ceil() as usize {
                let stride = if i == 0 { stride } else { 1 };
                let pace = pace(self.stage(index), stride, output_stride);
                let block = Block { kernel, pace, side, expand, out: channels(out, width) };
                let y = block.describe(g, x, &w.at("_blocks").at(index))?;
                x = if i > 0 { g.add(y, x)? } else { y };
                side = side.div_ceil(stride);
                if index == self.ends[0] {
                    fine = x;
                }
                index += 1;
            }
        }
        Ok([fine, x])
    }

    /// The stride of the stage that a block counts to.
    fn stage(&self, block: usize) -> usize {
        let [_, of_8, of_16] = self.ends;
        match block {
            block if block <= of_8 => 8,
            block if block <= of_16 => 16,
            _ => 32,
        }
    }
}

struct Block {
    kernel: usize,
    pace: Pace,
    /// Side of the map that comes in, of a picture that the network is made for.
    side: usize,
    expand: usize,
    out: usize,
}

impl Block {
    /// `[n, h, w, c]` to `[n, h', w', out]`, without its shortcut.
    fn describe(&self, g: &mut Graph, x: Value, w: &Weights) -> Result<Value> {
        let channels = g.shape(x).last_dim();
        let inner = channels * self.expand;
        let mut y = x;
        if self.expand != 1 {
            let unit = Unit::new(1, EPS, Activation::Silu);
            y = unit.run(g, y, w, ["_expand_conv", "_bn0"], inner)?;
        }
        let Pace { stride, dilation } = self.pace;
        let border = if dilation.is_some() { Border::Even } else { Border::SameAs(self.side) };
        let unit = Unit::new(self.kernel, EPS, Activation::Silu).depthwise().border(border);
        let unit = unit.stride(stride).dilation(dilation.unwrap_or(1));
        y = unit.run(g, y, w, ["_depthwise_conv", "_bn1"], inner)?;
        y = squeeze(g, y, w, ["_se_reduce", "_se_expand"], (channels / 4).max(1))?;
        let unit = Unit::new(1, EPS, Activation::Identity);
        unit.run(g, y, w, ["_project_conv", "_bn2"], self.out)
    }
}

/// Channels times a factor, to a multiple of 8 that is not more than a tenth below.
fn channels(channels: usize, factor: f64) -> usize {
    super::round_channels(channels, factor, 0.9)
}

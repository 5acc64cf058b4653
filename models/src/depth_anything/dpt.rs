//! The neck of DPT: feature maps of four layers, brought to four scales and joined from the coarsest to the finest.

use ocelli_converters::{StateDict, Tensor};
use ocelli_engine::op::{Filter, Resize};
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

/// Corner pixels stay in the corners.
pub(super) const CORNERS: Resize =
    Resize { filter: Filter::Bilinear, align_corners: true, antialias: false };

/// A neck's sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neck {
    /// Channels of the four maps, the finest first.
    pub channels: [usize; 4],
    /// Channels of the joined maps.
    pub width: usize,
}

impl Neck {
    /// The sizes that the tensors of a checkpoint show, `neck` being the start of their names; nothing if this is none.
    pub(super) fn infer(weights: &StateDict, neck: &str) -> Option<Neck> {
        let shape = |name: String| weights.get(&name).map(Tensor::shape);
        let mut channels = [0; 4];
        for (i, channels) in channels.iter_mut().enumerate() {
            let projection = format!("{neck}.reassemble_stage.layers.{i}.projection.weight");
            *channels = *shape(projection)?.first()?;
        }
        let width = *shape(format!("{neck}.convs.0.weight"))?.first()?;
        (width > 1).then_some(Neck { channels, width })
    }

    /// The feature map `[n, h, w, d]` of place `i`, at its number of channels.
    pub(super) fn project(&self, g: &mut Graph, w: &Weights, i: usize, x: Value) -> Result<Value> {
        let w = w.at("reassemble_stage.layers").at(i).at("projection");
        g.conv(x, &w, self.channels[i], Conv::k(1))
    }

    /// The map `[n, h, w, c]` of place `i` to 4, 2, 1 or 1/2 times its sides, rounded up.
    pub(super) fn rescale(&self, g: &mut Graph, w: &Weights, i: usize, x: Value) -> Result<Value> {
        let (w, c) = (w.at("reassemble_stage.layers").at(i).at("resize"), self.channels[i]);
        match i {
            0 => g.conv_transpose(x, &w, c, Conv::k(4).stride(4)),
            1 => g.conv_transpose(x, &w, c, Conv::k(2).stride(2)),
            2 => Ok(x),
            _ => g.conv(x, &w, c, Conv::same(3).stride(2)),
        }
    }

    /// Joins the four maps, each step at the next finer one's size: the results of all steps, the last of twice the
    /// finest map's sides, `[n, 8h, 8w, width]`.
    pub(super) fn fuse(&self, g: &mut Graph, w: &Weights, maps: [Value; 4]) -> Result<Vec<Value>> {
        let mut levels = Vec::with_capacity(maps.len());
        for (i, map) in maps.into_iter().enumerate() {
            levels.push(g.conv_no_bias(map, &w.at("convs").at(i), self.width, Conv::same(3))?);
        }
        levels.reverse();
        let mut fused: Vec<Value> = Vec::with_capacity(levels.len());
        for (i, &level) in levels.iter().enumerate() {
            let w = w.at("fusion_stage.layers").at(i);
            let x = match fused.last() {
                None => level,
                Some(&coarser) => {
                    let finer = residual(g, &w.at("residual_layer1"), level)?;
                    g.add(coarser, finer)?
                }
            };
            let x = residual(g, &w.at("residual_layer2"), x)?;
            // The originals project after the resize; the two commute, and this way costs a quarter.
            let x = g.conv(x, &w.at("projection"), self.width, Conv::k(1))?;
            let [_, height, across, _] = g.dims("dpt", level)?;
            let size = match levels.get(i + 1) {
                None => [2 * height, 2 * across],
                Some(&next) => {
                    let [_, height, across, _]: [usize; 4] = g.dims("dpt", next)?;
                    [height, across]
                }
            };
            fused.push(g.resize(x, size, CORNERS)?);
        }
        Ok(fused)
    }
}

/// Two convolutions, each with its activation before it, and what went in: `[n, h, w, c]` to the same.
fn residual(g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
    let c = g.shape(x).last_dim();
    let y = g.relu(x);
    let y = g.conv(y, &w.at("convolution1"), c, Conv::same(3))?;
    let y = g.relu(y);
    let y = g.conv(y, &w.at("convolution2"), c, Conv::same(3))?;
    g.add(y, x)
}

/// The tokens `[n, 1 + h * w, d]` without the first, as a map `[n, h, w, d]`.
pub(super) fn map_of(g: &mut Graph, tokens: Value, grid: [usize; 2]) -> Result<Value> {
    let [n, t, d] = g.dims("dpt", tokens)?;
    let patches = g.slice(tokens, 1, 1..t)?;
    g.reshape(patches, &[n, grid[0], grid[1], d])
}

/// Rows and columns of patches of `side` pixels.
pub(super) fn grid(g: &Graph, image: Value, side: usize) -> Result<[usize; 2]> {
    let [_, height, across, _] = g.dims("depth_anything", image)?;
    if side > 0 && height.is_multiple_of(side) && across.is_multiple_of(side) && height * across > 0
    {
        return Ok([height / side, across / side]);
    }
    let what = format!("a {across}x{height} image, whose sides must be multiples of {side}");
    Err(Error::Shape { op: "depth_anything", what })
}

//! The network.

use ocelli_engine::op::{Activation, Binary, Filter, Resize};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::config::{Config, Neck};
use crate::blocks::conv_norm::ConvNorm;

const RELU: ConvNorm = ConvNorm { eps: 1e-5, activation: Activation::Relu };
const SILU: ConvNorm = ConvNorm { eps: 1e-5, activation: Activation::Silu };

/// What the network answers, and the maps on the way.
#[derive(Clone, Debug)]
pub struct Network {
    /// Corners in pixels of the input, `[n, boxes, 4]`.
    pub boxes: Value,
    /// Probability that there is something, `[n, boxes, 1]`.
    pub objectness: Value,
    /// Probability of each class if there is something, `[n, boxes, classes]`.
    pub classes: Value,
    /// Name and map of each stage, in order.
    pub stages: Vec<(String, Value)>,
}

/// Pictures `[n, h, w, 3]` to boxes. Those of the finest level come first, row by row; where a place has several, each
/// anchor's are together.
///
/// # Errors
/// A weight is missing or has another shape.
pub fn network(g: &mut Graph, w: &Weights, image: Value, config: &Config) -> Result<Network> {
    let [_, height, width, _] = g.dims("image", image)?;
    let maps = config.backbone.maps(g, &w.at("backbone"), image)?;
    let wanted = if config.fine { 4 } else { 3 };
    let maps = &maps[maps.len().saturating_sub(wanted)..];
    let mut stages: Vec<_> =
        maps.iter().enumerate().map(|(i, &map)| (format!("map{i}"), map)).collect();

    let mut above = None;
    let mut levels = Vec::new();
    for (&map, level) in maps.iter().rev().zip((2..=5).rev()) {
        let mut x =
            g.conv(map, &w.at(format!("lateral{level}")), config.neck.channels, Conv::k(1))?;
        if let Some(above) = above {
            let larger = enlarge(g, above, x)?;
            x = g.add(larger, x)?;
        }
        let x = config.neck.smooth(g, x, &w.at(format!("smooth{level}")))?;
        levels.insert(0, (level, x));
        above = Some(x);
    }
    if let Some(&(_, last)) = levels.last().filter(|_| config.coarse) {
        let x = config.neck.shrink(g, last, w)?;
        levels.push((6, config.neck.smooth(g, x, &w.at("smooth6"))?));
    }

    let mut found = [vec![], vec![], vec![]];
    for &(level, x) in &levels {
        stages.push((format!("level{level}"), x));
        let anchors = config.anchors[usize::clamp(level, 3, 5) - 3];
        let parts = head(g, x, &w.at(format!("head{level}")), anchors, config)?;
        let [boxes, objectness, classes] = parts;
        let boxes = place(g, boxes, anchors, x, [height, width])?;
        for (all, part) in found.iter_mut().zip([boxes, objectness, classes]) {
            all.push(part);
        }
    }
    let [boxes, objectness, classes] = found.map(|parts| g.concat(&parts, 1));
    let [boxes, objectness, classes] = [boxes?, objectness?, classes?];
    let boxes = within(g, boxes, [height, width])?;
    let objectness = g.activation(objectness, Activation::Sigmoid);
    let classes = g.activation(classes, Activation::Sigmoid);
    Ok(Network { boxes, objectness, classes, stages })
}

/// A map as large as another, pixels repeated.
fn enlarge(g: &mut Graph, x: Value, like: Value) -> Result<Value> {
    let [_, height, width, _] = g.dims("level", like)?;
    let resize = Resize { filter: Filter::Nearest, align_corners: false, antialias: false };
    g.resize(x, [height, width], resize)
}

impl Neck {
    fn unit(self) -> ConvNorm {
        if self.light { RELU } else { SILU }
    }

    /// `[n, h, w, c]` to the same.
    fn smooth(self, g: &mut Graph, x: Value, w: &Weights) -> Result<Value> {
        let mut x = x;
        for i in 0..self.depth {
            x = if self.light {
                light(g, x, &w.at("block"), 4 * i)?
            } else {
                let names = [format!("{}", 3 * i), format!("{}", 3 * i + 1)];
                self.unit().run(g, x, w, [&names[0], &names[1]], self.channels, Conv::same(3))?
            };
        }
        Ok(x)
    }

    /// `[n, h, w, c]` to `[n, h / 2, w / 2, c]`.
    fn shrink(self, g: &mut Graph, x: Value, w: &Weights) -> Result<Value> {
        let half = Conv::same(3).stride(2);
        self.unit().run(g, x, w, ["p6_down", "p6_bn"], self.channels, half)
    }
}

/// `[n, h, w, c]` to the same: by channel, then across channels. The layers at `w` are numbered from `first`.
fn light(g: &mut Graph, x: Value, w: &Weights, first: usize) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let x = g.conv_no_bias(x, &w.at(first), channels, Conv::same(3).groups(channels))?;
    let names = [format!("{}", first + 1), format!("{}", first + 2)];
    RELU.run(g, x, w, [&names[0], &names[1]], channels, Conv::k(1))
}

/// A level's answers: `[n, boxes, 4]`, `[n, boxes, 1]` and `[n, boxes, classes]`.
fn head(
    g: &mut Graph,
    x: Value,
    w: &Weights,
    anchors: usize,
    config: &Config,
) -> Result<[Value; 3]> {
    let mut x = x;
    for i in 0..config.head_depth {
        x = light(g, x, &w.at("trunk").at(i).at("block"), 0)?;
    }
    let [n, height, width, _] = g.dims("head", x)?;
    let mut part = |name: &str, numbers: usize| {
        let x = g.conv(x, &w.at("out").at(name), anchors * numbers, Conv::k(1))?;
        let x = g.reshape(x, &[n, height * width, anchors, numbers])?;
        let x = g.transpose(x, &[0, 2, 1, 3])?;
        g.reshape(x, &[n, anchors * height * width, numbers])
    };
    Ok([part("box", 4)?, part("obj", 1)?, part("cls", config.classes)?])
}

/// Four numbers a box to its corners in pixels of an input of the extents `input`; `map` is the level's.
fn place(g: &mut Graph, x: Value, anchors: usize, map: Value, input: [usize; 2]) -> Result<Value> {
    let [_, height, width, _] = g.dims("head", map)?;
    let cells = [input[1] as f32 / width as f32, input[0] as f32 / height as f32];
    let places =
        (0..height).flat_map(|y| (0..width).map(move |x| [x as f32 - 0.5, y as f32 - 0.5]));
    let origins: Vec<f32> = places.flatten().collect();
    let count = anchors * height * width;
    let origins = g.table(&[1, count, 2], origins.repeat(anchors))?;
    let cells = g.table(&[2], cells.to_vec())?;
    let parts = g.split(x, 2, &[2, 2])?;
    let centre = g.activation(parts[0], Activation::Sigmoid);
    let centre = g.scale(centre, 2.0)?;
    let centre = g.add(centre, origins)?;
    let centre = g.mul(centre, cells)?;
    let half = g.activation(parts[1], Activation::Softplus);
    let half = g.mul(half, cells)?;
    let half = g.scale(half, 0.5)?;
    let (first, second) = (g.sub(centre, half)?, g.add(centre, half)?);
    g.concat(&[first, second], 2)
}

/// Corners no farther out than the middle of the input's last pixels.
fn within(g: &mut Graph, boxes: Value, [height, width]: [usize; 2]) -> Result<Value> {
    let [right, bottom] = [width, height].map(|side| side.saturating_sub(1) as f32);
    let zero = g.table(&[1], vec![0.0])?;
    let last = g.table(&[4], vec![right, bottom, right, bottom])?;
    let boxes = g.binary(boxes, zero, Binary::Max)?;
    g.binary(boxes, last, Binary::Min)
}

//! Heads of the repositories `yolov5` and `yolov7`: at each place several boxes, as corrections of anchor boxes.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Error, Graph, Result, Shape, Value, Weights};

use super::Head;
use super::found::{out_channels, shape_of};
use super::protos::protos;
use crate::blocks::boxes::stride;

/// Numbers of a box; an objectness comes after them.
const BOX: usize = 4;

/// `AnchorDetect`, `AnchorSegment` and `AnchorISegment`: maps to `predictions`, the latter to `protos` too.
pub(super) fn head(g: &mut Graph, w: &Weights, features: &[Value], head: &Head<'_>) -> Result<()> {
    let anchors = Anchors::read(w, features.len())?;
    let mut tables = Tables::default();
    for (i, &x) in features.iter().enumerate() {
        let [_, height, width, _] = g.dims("head", x)?;
        tables.extend(stride(head.input, [height, width])?, [height, width], anchors.level(i));
    }
    let scored = BOX + 1 + head.classes;
    let masks = head.module != "AnchorDetect";
    let coefficients = if masks { coefficients(w, anchors.count, scored)? } else { 0 };
    let numbers = numbers(g, w, features, anchors.count, [scored, coefficients])?;

    let scored = g.split(numbers[0], 2, &[BOX, scored - BOX])?;
    let boxes = tables.decode(g, scored[0])?;
    let parts = [&[boxes, scored[1]], &numbers[1..]].concat();
    let predictions = g.concat(&parts, 2)?;
    g.output("predictions", predictions);
    if masks {
        let protos = protos(g, &w.at("proto"), features, head.activation)?;
        g.output("protos", protos);
    }
    Ok(())
}

/// How many numbers of an anchor follow the first `scored`.
fn coefficients(w: &Weights, anchors: usize, scored: usize) -> Result<usize> {
    let numbers = out_channels(w, "m.0.weight")? / anchors;
    numbers.checked_sub(scored).filter(|&rest| rest > 0).ok_or_else(|| {
        let what = format!("{numbers} numbers of an anchor, more than {scored} are needed");
        Error::Shape { op: "AnchorSegment", what }
    })
}

/// What the maps say of all anchors: probabilities `[n, anchors, scored]` and, if there are any, mask coefficients `[n,
/// anchors, rest]`.
fn numbers(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    anchors: usize,
    [scored, rest]: [usize; 2],
) -> Result<Vec<Value>> {
    let all = scored + rest;
    let mut levels = Vec::with_capacity(features.len());
    for (i, &x) in features.iter().enumerate() {
        let [n, height, width, _] = g.dims("head", x)?;
        let x = implicit(g, w, i, x)?;
        let x = g.conv(x, &w.at("m").at(i), anchors * all, Conv::k(1))?;
        let x = if rest == 0 { g.activation(x, Activation::Sigmoid) } else { x };
        let x = g.reshape(x, &[n, height, width, anchors, all])?;
        let x = g.transpose(x, &[0, 3, 1, 2, 4])?;
        levels.push(g.reshape(x, &[n, anchors * height * width, all])?);
    }
    let x = g.concat(&levels, 1)?;
    if rest == 0 {
        return Ok(vec![x]);
    }
    let parts = g.split(x, 2, &[scored, rest])?;
    Ok(vec![g.activation(parts[0], Activation::Sigmoid), parts[1]])
}

/// What `YOLOv7` adds to the maps of a level before the convolution, a number a channel; other heads add nothing. The
/// factors beside them (`im`) are not used with masks.
fn implicit(g: &mut Graph, w: &Weights, level: usize, x: Value) -> Result<Value> {
    let channels = g.shape(x).last_dim();
    let stored = w.at("ia").at(level).get_optional("implicit", &[1, channels, 1, 1])?;
    let numbers = stored.zip(Shape::new(&[channels])).and_then(|(t, shape)| t.reshaped(shape));
    let Some(numbers) = numbers else { return Ok(x) };
    let numbers = g.constant(numbers);
    g.add(x, numbers)
}

/// Widths and heights of the anchor boxes, in strides.
struct Anchors {
    /// Of a place.
    count: usize,
    sides: Vec<f32>,
}

impl Anchors {
    fn read(w: &Weights, levels: usize) -> Result<Anchors> {
        let shape = shape_of(w, "anchors")?;
        let count = shape.as_ref().and_then(|shape| shape.get(1)).map_or(1, |&count| count.max(1));
        let sides = w.get("anchors", &[levels, count, 2])?.load()?.into_owned();
        Ok(Anchors { count, sides })
    }

    fn level(&self, level: usize) -> &[f32] {
        &self.sides[level * self.count * 2..][..self.count * 2]
    }
}

/// `s (s a + b) + c` of a box's four probabilities `s` is its centre and sides: linear in the centre's, square in the
/// sides'.
#[derive(Default)]
struct Tables {
    square: Vec<f32>,
    linear: Vec<f32>,
    constant: Vec<f32>,
}

impl Tables {
    /// A level's anchors, all places of one after all places of the other. A centre lies up to one and a half strides
    /// from its place's corner, a side is up to four times the anchor's.
    fn extend(&mut self, stride: f32, [height, width]: [usize; 2], anchors: &[f32]) {
        for sides in anchors.chunks_exact(2) {
            let [a, b] = [sides[0], sides[1]].map(|side| 4.0 * stride * side);
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                let [x, y] = [x, y].map(|i| (i as f32 - 0.5) * stride);
                self.square.extend([0.0, 0.0, a, b]);
                self.linear.extend([2.0 * stride, 2.0 * stride, 0.0, 0.0]);
                self.constant.extend([x, y, 0.0, 0.0]);
            }
        }
    }

    /// `[n, anchors, 4]` to the same in pixels of the input.
    fn decode(self, g: &mut Graph, s: Value) -> Result<Value> {
        let shape = [1, self.constant.len() / BOX, BOX];
        let square = g.table(&shape, self.square)?;
        let linear = g.table(&shape, self.linear)?;
        let constant = g.table(&shape, self.constant)?;
        let x = g.mul(s, square)?;
        let x = g.add(x, linear)?;
        let x = g.mul(x, s)?;
        g.add(x, constant)
    }
}

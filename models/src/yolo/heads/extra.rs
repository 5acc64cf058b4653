//! What heads say of a box beyond its classes.

use std::f32::consts::PI;

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Error, Graph, Result, Value, Weights};

use super::Head;
use super::branch::{on_levels, plain, two_units};
use super::found::out_channels;
use crate::blocks::boxes::Places;
use crate::yolo::spec::Arg;

/// A task's own numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Extra {
    /// None.
    None,
    /// Coefficients of the prototype masks, by the branch of this name.
    Masks(&'static str),
    /// Key points of so many numbers.
    Points {
        /// Two, or three with visibility.
        numbers: usize,
        /// How many points.
        count: usize,
        /// As YOLO26 has them: a branch in two parts, and points counted from the anchor in strides.
        v26: bool,
    },
    /// The angle of the box.
    Angle {
        /// In radians as it is, instead of as the logit of a part of the half circle.
        direct: bool,
    },
}

impl Extra {
    /// Those of a head that is called so.
    pub(super) fn of(head: &Head<'_>) -> Result<Extra> {
        Ok(match head.module {
            "Segment" | "Segment26" => Extra::Masks("cv4"),
            "YOLOESegment" | "YOLOESegment26" => Extra::Masks("cv5"),
            "Pose" | "Pose26" => {
                let [count, numbers] = key_point_shape(head)?;
                Extra::Points { numbers, count, v26: head.module == "Pose26" }
            }
            "OBB" | "OBB26" => Extra::Angle { direct: head.module == "OBB26" },
            _ => Extra::None,
        })
    }

    /// The numbers as the network has them, `[n, anchors, e]`, from the branch whose names begin with `prefix`.
    pub(super) fn raw(
        self,
        g: &mut Graph,
        w: &Weights,
        prefix: &str,
        features: &[Value],
        head: &Head<'_>,
    ) -> Result<Option<Value>> {
        let at = |name: &str| w.at(format!("{prefix}{name}"));
        let (name, out) = match self {
            Extra::None => return Ok(None),
            Extra::Masks(name) => (name, None),
            Extra::Angle { .. } => ("cv4", Some(1)),
            Extra::Points { numbers, count, v26: false } => ("cv4", Some(numbers * count)),
            Extra::Points { numbers, count, v26: true } => {
                let (units, last) = (at("cv4"), at("cv4_kpts"));
                return in_two_parts(g, &units, &last, features, numbers * count, head.activation)
                    .map(Some);
            }
        };
        on_levels(g, &at(name), features, |g, w, x| {
            let out = out.map_or_else(|| out_channels(w, "2.weight"), Ok)?;
            plain(g, w, x, out, head.activation)
        })
        .map(Some)
    }

    /// The numbers as the contract has them, of the anchors at `places`, from what [`Extra::raw`] made.
    pub(super) fn decode(self, g: &mut Graph, raw: Value, places: &Places) -> Result<Value> {
        match self {
            Extra::None | Extra::Masks(_) | Extra::Angle { direct: true } => Ok(raw),
            Extra::Angle { direct: false } => {
                let part = g.activation(raw, Activation::Sigmoid);
                let quarter = g.table(&[1], vec![0.25])?;
                let part = g.sub(part, quarter)?;
                g.scale(part, PI)
            }
            Extra::Points { numbers, count, v26 } => points(g, raw, places, [count, numbers], v26),
        }
    }
}

/// A branch whose last layer has a place of its own.
fn in_two_parts(
    g: &mut Graph,
    units: &Weights,
    last: &Weights,
    features: &[Value],
    out: usize,
    activation: Activation,
) -> Result<Value> {
    let mut maps = Vec::with_capacity(features.len());
    for (i, &x) in features.iter().enumerate() {
        maps.push(two_units(g, &units.at(i), x, activation)?);
    }
    on_levels(g, last, &maps, |g, w, x| g.conv(x, w, out, Conv::k(1)))
}

/// `[n, k, count * numbers]` to the same in pixels of the input.
fn points(
    g: &mut Graph,
    raw: Value,
    places: &Places,
    [count, numbers]: [usize; 2],
    v26: bool,
) -> Result<Value> {
    let [n, k, all] = g.dims("key points", raw)?;
    let raw = g.reshape(raw, &[n, k, count, numbers])?;
    let [m, _, _] = g.dims("key points", places.strides)?;
    let strides = g.reshape(places.strides, &[m, k, 1, 1])?;
    let anchors = g.slice(places.origins, 2, 0..2)?;
    let anchors = g.reshape(anchors, &[m, k, 1, 2])?;

    let x_y = g.slice(raw, 3, 0..2)?;
    let x_y = if v26 { x_y } else { twice_less_half(g, x_y)? };
    let x_y = g.mul(x_y, strides)?;
    let x_y = g.add(x_y, anchors)?;
    let points = if numbers == 3 {
        let visibility = g.slice(raw, 3, 2..3)?;
        let visibility = g.activation(visibility, Activation::Sigmoid);
        g.concat(&[x_y, visibility], 3)?
    } else {
        x_y
    };
    g.reshape(points, &[n, k, all])
}

/// `2 x - 0.5`: older heads count from half a stride before the anchor.
fn twice_less_half(g: &mut Graph, x: Value) -> Result<Value> {
    let x = g.scale(x, 2.0)?;
    let half = g.table(&[1], vec![0.5])?;
    g.sub(x, half)
}

/// The second argument of the layer: how many key points, and numbers of each.
fn key_point_shape(head: &Head<'_>) -> Result<[usize; 2]> {
    if let Some(Arg::List(shape)) = head.args.get(1)
        && let [Arg::Number(count), Arg::Number(numbers)] = shape[..]
        && (1.0..=10_000.0).contains(&count)
        && let numbers @ (2 | 3) = numbers as usize
    {
        return Ok([count as usize, numbers]);
    }
    let what = format!(
        "{} needs kpt_shape, a number of key points and 2 or 3, as its second argument; it has {:?}",
        head.module,
        head.args.get(1)
    );
    Err(Error::Shape { op: "key points", what })
}

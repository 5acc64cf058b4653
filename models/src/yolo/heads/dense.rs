//! Answers for every place: classes, and depth.

use ocelli_engine::op::{Binary, Filter, Resize};
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::Head;
use super::found::out_channels;
use super::names::no_features;
use crate::yolo::modules::conv::unit;

/// Bounds of the logarithm of a depth.
const LOG_DEPTH: [f32; 2] = [-4.0, 5.0];

/// The finest map to `logits`.
pub(super) fn semantic(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    head: &Head<'_>,
) -> Result<()> {
    let &first = features.first().ok_or_else(|| no_features("SemanticSegment"))?;
    let w = w.at("classifier");
    let width = out_channels(&w, "0.conv.weight")?;
    let x = unit(g, first, &w.at(0), width, Conv::same(3), Some(head.activation))?;
    let logits = g.conv(x, &w.at(1), head.classes, Conv::k(1))?;
    g.output("logits", logits);
    Ok(())
}

/// Maps, finest first and each half the size of the one before, to `depth`.
pub(super) fn depth(g: &mut Graph, w: &Weights, features: &[Value], head: &Head<'_>) -> Result<()> {
    let unit = |g: &mut Graph, x: Value, w: &Weights, kernel: usize| {
        let out = out_channels(w, "conv.weight")?;
        unit(g, x, w, out, Conv::same(kernel), Some(head.activation))
    };
    let mut merged = None;
    for (i, &level) in features.iter().enumerate().rev() {
        let x = unit(g, level, &w.at("proj").at(i), 1)?;
        merged = Some(match merged {
            None => x,
            Some(coarser) => {
                let coarser = twice_as_large(g, coarser)?;
                let x = g.add(coarser, x)?;
                let w = w.at("refine").at(i);
                let x = unit(g, x, &w.at(0), 3)?;
                unit(g, x, &w.at(1), 3)?
            }
        });
    }
    let x = merged.ok_or_else(|| no_features("Depth"))?;

    let w_head = w.at("head");
    let x = unit(g, x, &w_head.at(0), 3)?;
    let width = g.shape(x).last_dim();
    let x = g.conv_transpose(x, &w_head.at(1), width, Conv::k(2).stride(2))?;
    let x = unit(g, x, &w_head.at(2), 3)?;
    let x = g.conv(x, &w_head.at(3), 1, Conv::k(1))?;
    let depth = metres(g, w, x)?;
    g.output("depth", depth);
    Ok(())
}

/// From the logarithm, by way of the calibration if there is one.
fn metres(g: &mut Graph, w: &Weights, x: Value) -> Result<Value> {
    let [low, high] = LOG_DEPTH.map(|bound| g.table(&[1], vec![bound]));
    let x = g.binary(x, low?, Binary::Max)?;
    let mut x = g.binary(x, high?, Binary::Min)?;
    if let Some(factor) = w.get_optional("cal_a", &[1])? {
        let factor = g.constant(factor);
        x = g.mul(x, factor)?;
    }
    if let Some(offset) = w.get_optional("cal_b", &[1])? {
        let offset = g.constant(offset);
        x = g.add(x, offset)?;
    }
    Ok(g.exp(x))
}

fn twice_as_large(g: &mut Graph, x: Value) -> Result<Value> {
    let [_, height, width, _] = g.dims("resize", x)?;
    let resize = Resize { filter: Filter::Bilinear, align_corners: true, antialias: false };
    g.resize(x, [2 * height, 2 * width], resize)
}

//! Prototype masks, which an object's coefficients mix.

use ocelli_engine::op::Activation;
use ocelli_engine::{Conv, Graph, Result, Value, Weights};

use super::found::{has, out_channels};
use crate::yolo::modules::conv::unit;

/// From the maps of all levels to `[n, 2 h, 2 w, coefficients]`, `h` and `w` being those of the first level.
///
/// Newer networks mix all levels first. The map is then enlarged by a transposed convolution, or as `YOLOv5` does by
/// repeating pixels.
pub(super) fn protos(
    g: &mut Graph,
    w: &Weights,
    features: &[Value],
    activation: Activation,
) -> Result<Value> {
    let unit = |g: &mut Graph, x: Value, name: &str, kernel: usize| {
        let out = out_channels(w, &format!("{name}.conv.weight"))?;
        unit(g, x, &w.at(name), out, Conv::same(kernel), Some(activation))
    };
    let Some((&first, coarser)) = features.split_first() else {
        return Err(super::names::no_features("proto"));
    };
    let mut x = first;
    if has(w, "feat_fuse.conv.weight")? {
        for (i, &level) in coarser.iter().enumerate() {
            let y = unit(g, level, &format!("feat_refine.{i}"), 1)?;
            let y = g.upsample_nearest(y, 2 << i)?;
            x = g.add(x, y)?;
        }
        x = unit(g, x, "feat_fuse", 3)?;
    }
    let x = unit(g, x, "cv1", 3)?;
    let x = if has(w, "upsample.weight")? {
        let width = g.shape(x).last_dim();
        g.conv_transpose(x, &w.at("upsample"), width, Conv::k(2).stride(2))?
    } else {
        g.upsample_nearest(x, 2)?
    };
    let x = unit(g, x, "cv2", 3)?;
    unit(g, x, "cv3", 1)
}

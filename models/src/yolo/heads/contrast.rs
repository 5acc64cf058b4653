//! Scores of classes by the likeness of pixels to their names.

use ocelli_engine::op::{Epilogue, Linear};
use ocelli_engine::{Error, Graph, Result, Shape, Tensor, Value, Weights};

use super::found::has;
use crate::yolo::modules::conv::EPS;

/// Lengths below this are taken as this.
const SHORTEST: f32 = 1e-12;

/// Logits `[.., classes]` of embedded pixels `[.., e]`, by the embeddings `texts` `[classes, e]` of the names: products
/// with names of unit length, scaled and shifted. Pixels have unit length too, or go through a batch norm.
///
/// `BNContrastiveHead` or `ContrastiveHead`, whichever the tensors at `w` are of.
pub(super) fn contrast(g: &mut Graph, w: &Weights, x: Value, texts: &Tensor) -> Result<Value> {
    let x = if has(w, "norm.weight")? {
        g.batch_norm(x, &w.at("norm"), EPS)?
    } else {
        g.l2_normalize(x, SHORTEST)
    };
    let (scale, shift) = (w.get("logit_scale", &[])?, w.get("bias", &[1])?);
    let &[classes, width] = &*texts.shape() else {
        return Err(Error::Shape { op: "texts", what: format!("{}", texts.shape()) });
    };
    let weight = Tensor::derive(texts.shape(), &"names", &[texts, &scale], move |of| {
        let scale = of[1].first().copied().unwrap_or(0.0).exp();
        let unit = |row: &[f32]| {
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(SHORTEST);
            row.iter().map(|v| v / length * scale).collect::<Vec<f32>>()
        };
        of[0].chunks(width.max(1)).flat_map(unit).collect()
    });
    let bias = Shape::new(&[classes]).map(|shape| {
        Tensor::derive(shape, &("shift", classes), &[&shift], move |of| of[0].repeat(classes))
    });
    g.linear_with(x, Linear { weight, bias, epilogue: Epilogue::default() }, w.prefix())
}

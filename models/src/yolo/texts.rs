//! Embeddings of the classes' names, which networks with an open vocabulary compare pictures with.

use ocelli_engine::{Error, Result, Shape, Tensor, Weights};

use super::heads::{shape_of, stores_texts_as};
use super::spec::Spec;

/// The modules that need them beside heads.
const GUIDED: [&str; 2] = ["C2fAttn", "ImagePoolingAttn"];

/// The embeddings `[classes, width]` at the root `w` of the checkpoint, if the network looks at any and the checkpoint
/// holds them: `txt_feats` of YOLO-World or `pe` of YOLOE, with or without a batch of one.
///
/// # Errors
/// They have another shape.
pub(super) fn texts(w: &Weights, spec: &Spec) -> Result<Option<Tensor>> {
    let Some(name) = name(spec) else { return Ok(None) };
    let Some(shape) = shape_of(w, name)? else { return Ok(None) };
    let &([classes, width] | [1, classes, width]) = &*shape else {
        let what = format!("`{name}` has the shape {shape:?}; [classes, width] is needed");
        return Err(Error::Shape { op: "texts", what });
    };
    let stored = w.get(name, &shape)?;
    Ok(Shape::new(&[classes, width])
        .map(|rows| Tensor::derive(rows, &"rows", &[&stored], |of| of[0].to_vec())))
}

/// What the embeddings are called, of a network that looks at some.
fn name(spec: &Spec) -> Option<&'static str> {
    let guided = || spec.layers.iter().any(|layer| GUIDED.contains(&layer.module.as_str()));
    let head = spec.layers.last().and_then(|layer| stores_texts_as(&layer.module));
    head.or_else(|| guided().then_some("txt_feats"))
}

/// That a network cannot do without the embeddings.
pub(super) fn missing() -> Error {
    let what = "an open vocabulary without embeddings of the classes' names, which this file does not hold: set the \
                classes in the trainer (`set_classes`) and save the model as a `.pt`; a YOLOE may then be exported \
                too, which folds them into its weights";
    Error::Unsupported { executor: "ocelli", what: what.into() }
}

//! What stands at the end of a network and turns feature maps into answers.

mod anchor_based;
mod branch;
mod classify;
mod contrast;
mod dense;
mod detect;
mod extra;
mod found;
mod names;
mod protos;
mod rtdetr;
mod seen;
mod select;
#[cfg(test)]
mod tests;

use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Result, Tensor, Value, Weights};

use self::detect::detect;
pub(in crate::yolo) use self::found::shape_of;
pub(in crate::yolo) use self::names::{is_head, needless, stores_texts_as};
pub(in crate::yolo) use self::seen::{Seen, seen};
use super::spec::Arg;

/// A head as its layer names it.
#[derive(Clone, Debug)]
pub(super) struct Head<'a> {
    /// The class: `Detect`, `Segment26`, ... The anchor heads of the `yolov5` repository, which calls them `Detect` and
    /// `Segment` too, are `AnchorDetect` and `AnchorSegment`; that of `YOLOv7` is `AnchorISegment`.
    pub(super) module: &'a str,
    /// The layer's own arguments, `nc` and the like resolved: key points have their shape second, `RTDETRDecoder` its
    /// number of queries third and its attention heads fifth. Widths are the checkpoint's.
    pub(super) args: &'a [Arg],
    /// Number of classes.
    pub(super) classes: usize,
    /// Bins of a box side's distribution; 1 where sides are regressed.
    pub(super) reg_max: usize,
    /// Whether the one-to-one branch answers, without suppression.
    pub(super) end_to_end: bool,
    /// Activation of the convolution units.
    pub(super) activation: Activation,
    /// Embeddings of the classes' names `[classes, width]`, of an open vocabulary.
    pub(super) texts: Option<Tensor>,
    /// Height and width of the network's input.
    pub(super) input: [usize; 2],
}

/// Adds a head and its outputs to the graph. Which there are follows from the task:
///
/// - boxes: `predictions` `[n, anchors, 4 + classes + extra]`, rows of centre x, centre y, width, height in pixels of the
///   input, a score for each class, then the task's own numbers. The anchors are those of the first level, row by row,
///   then those of the next. From the anchor heads of `YOLOv5`, an objectness before the scores, and all places of a
///   level's first anchor before those of its second.
/// - boxes without suppression: `detections` `[n, most, 6 + extra]`, rows of x1, y1, x2, y2, score, class, then the task's
///   own numbers, best first; `most` is 300, or all anchors if there are fewer. Oriented boxes stay centre x, centre y,
///   width, height.
/// - the task's own numbers: mask coefficients, with `protos` `[n, h, w, coefficients]` beside them; key points (x, y or x,
///   y, visibility, in pixels of the input); the angle of an oriented box, in radians.
/// - `scores` `[n, classes]`, probabilities; `logits` `[n, h, w, classes]`, of an eighth of the input's size; `depth` `[n,
///   h, w, 1]`, in metres, of a quarter of the input's size.
///
/// Scores and visibilities are between 0 and 1. An end-to-end head answers with `detections` if [`Head::end_to_end`] is
/// set or if the checkpoint has no other branch.
///
/// # Errors
/// A weight is missing or does not fit, the head is unknown, or it needs what the checkpoint does not hold.
pub(super) fn head(g: &mut Graph, w: &Weights, features: &[Value], head: &Head<'_>) -> Result<()> {
    match head.module {
        "Detect" | "v10Detect" | "Segment" | "Segment26" | "Pose" | "Pose26" | "OBB" | "OBB26" => {
            detect(g, w, features, head)
        }
        "WorldDetect" | "YOLOEDetect" | "YOLOESegment" | "YOLOESegment26" => {
            names::check_vocabulary(w, head.module)?;
            detect(g, w, features, head)
        }
        "AnchorDetect" | "AnchorSegment" | "AnchorISegment" => {
            anchor_based::head(g, w, features, head)
        }
        "RTDETRDecoder" => rtdetr::rtdetr(g, w, features, head),
        "Classify" => classify::classify(g, w, features, head),
        "SemanticSegment" => dense::semantic(g, w, features, head),
        "Depth" => dense::depth(g, w, features, head),
        module => Err(names::unsupported(module)),
    }
}

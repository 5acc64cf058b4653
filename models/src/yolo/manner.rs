//! Whose way of reading outputs is followed, as values.

use ocelli_vision::config::{InferenceConfig, PostProcessing};
use ocelli_vision::{MaskValues, Objectness, RowLayout, Suppression, Task};

use super::checkpoint::Checkpoint;
use super::identify::Identity;
use super::model::{Fused, Manner, Whose};
use super::spec::Spec;

/// How outputs are read: as the trainer reads them for a checkpoint, as packages are served for a package.
pub(super) fn manner(
    identity: &Identity,
    by_trainer: bool,
    inference: Option<&InferenceConfig>,
    checkpoint: &Checkpoint,
) -> Manner {
    let trainer = Manner {
        whose: Whose::Ultralytics,
        confidence: 0.25,
        iou_threshold: 0.7,
        max_detections: 300,
        max_candidates: 30_000,
        class_agnostic: false,
        key_points_threshold: 0.0,
        mask_values: MaskValues::Logits,
        inclusive: false,
        fused: None,
    };
    if by_trainer && identity.spec.has_anchors() {
        return Manner {
            whose: Whose::Yolov5,
            iou_threshold: 0.45,
            max_detections: 1000,
            ..trainer
        };
    }
    if by_trainer {
        return Manner { class_agnostic: names_by_text(identity, checkpoint), ..trainer };
    }
    let of_26 = identity.architecture == "yolo26";
    Manner {
        whose: Whose::Package,
        confidence: if of_26 { 0.25 } else { 0.4 },
        iou_threshold: 0.3,
        max_candidates: usize::MAX,
        key_points_threshold: if of_26 { 0.3 } else { 0.0 },
        mask_values: match identity.architecture {
            "yolov8" | "yolov11" | "yolov12" => MaskValues::Smooth,
            _ => MaskValues::Logits,
        },
        inclusive: of_26,
        fused: inference.and_then(fused),
        ..trainer
    }
}

/// Whether Ultralytics takes a file for a YOLOE, whose names may mean the same: exports, into which the names were
/// folded, are plain detectors to it.
fn names_by_text(identity: &Identity, checkpoint: &Checkpoint) -> bool {
    let head = identity.spec.layers.last().map_or("", |layer| layer.module.as_str());
    head.starts_with("YOLOE") && (checkpoint.yaml.is_some() || checkpoint.compares_texts())
}

fn fused(config: &InferenceConfig) -> Option<Fused> {
    let Some(PostProcessing::Nms { fused: true, nms_parameters: Some(inside) }) =
        &config.post_processing
    else {
        return None;
    };
    Some(Fused {
        confidence: inside.confidence_threshold,
        suppression: Suppression {
            iou_threshold: inside.iou_threshold,
            class_agnostic: inside.class_agnostic,
            max_detections: inside.max_detections,
            max_candidates: usize::MAX,
        },
    })
}

/// The numbers of a row of the head's output.
pub(super) fn layout(
    spec: &Spec,
    task: Task,
    manner: &Manner,
    checkpoint: &Checkpoint,
) -> RowLayout {
    let head = spec.layers.last().map_or("", |layer| layer.module.as_str());
    let seen = checkpoint.head(head);
    let objectness = match (spec.has_anchors(), manner.whose) {
        (false, _) => Objectness::Absent,
        (true, Whose::Ultralytics | Whose::Yolov5) => Objectness::Factor,
        (true, Whose::Package) => Objectness::Gate,
    };
    let extra = match task {
        Task::InstanceSegmentation => seen.map_or(0, |seen| seen.coefficients),
        Task::KeyPointDetection => spec.key_points.map_or(0, |[count, numbers]| count * numbers),
        Task::OrientedObjectDetection => 1,
        _ => 0,
    };
    RowLayout { classes: spec.classes, extra, objectness }
}

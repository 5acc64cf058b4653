//! What YOLO-Lite can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::Family;

/// YOLO-Lite.
pub const FAMILY: Family = Family {
    architecture: "yololite",
    tasks: &[Task::ObjectDetection],
    backends: &["torch", "onnx"],
    features: &["nms_fused"],
    recognise,
    load,
};

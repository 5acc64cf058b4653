//! What YOLO-NAS can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::Family;

/// YOLO-NAS.
pub const FAMILY: Family = Family {
    architecture: "yolonas",
    tasks: &[Task::ObjectDetection],
    backends: &["torch", "onnx"],
    features: &[],
    recognise,
    load,
};

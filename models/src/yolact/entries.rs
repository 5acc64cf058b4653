//! What YOLACT can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::Family;

/// YOLACT.
pub const FAMILY: Family = Family {
    architecture: "yolact",
    tasks: &[Task::InstanceSegmentation],
    backends: &["torch", "onnx"],
    features: &[],
    recognise,
    load,
};

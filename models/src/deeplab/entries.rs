//! What `DeepLabV3+` can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::Family;

/// `DeepLabV3+`.
pub const FAMILY: Family = Family {
    architecture: "deep-lab-v3-plus",
    tasks: &[Task::SemanticSegmentation],
    backends: &["torch", "onnx"],
    features: &[],
    recognise,
    load,
};

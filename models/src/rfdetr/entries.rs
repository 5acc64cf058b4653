//! What RF-DETR can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::Family;

/// RF-DETR.
pub const FAMILY: Family = Family {
    architecture: "rfdetr",
    tasks: &[
        Task::ObjectDetection,
        Task::InstanceSegmentation,
        Task::KeyPointDetection,
        Task::SemanticSegmentation,
    ],
    backends: &["torch"],
    features: FEATURES,
    recognise,
    load,
};

/// Features that a package may declare: they repeat what the weights say.
const FEATURES: &[&str] =
    &["resolution", "patch_size", "num_windows", "dec_layers", "num_queries", "num_select"];

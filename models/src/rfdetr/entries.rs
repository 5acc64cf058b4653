//! What RF-DETR can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::{Entry, Family};

/// Features that a package may declare: they repeat what the weights say.
const FEATURES: &[&str] =
    &["resolution", "patch_size", "num_windows", "dec_layers", "num_queries", "num_select"];

const fn entry(task: Task, backend: &'static str) -> Entry {
    Entry { architecture: "rfdetr", task, backend, features: FEATURES, load }
}

/// RF-DETR.
pub const FAMILY: Family = Family {
    architecture: "rfdetr",
    entries: &[
        entry(Task::ObjectDetection, "torch"),
        entry(Task::InstanceSegmentation, "torch"),
        entry(Task::KeyPointDetection, "torch"),
        entry(Task::SemanticSegmentation, "torch"),
    ],
    recognise,
};

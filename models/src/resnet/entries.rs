//! What residual networks can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::Family;
use crate::snapshot::Snapshot;

/// Residual networks.
pub const FAMILY: Family = Family {
    architecture: "resnet",
    tasks: &[Task::Classification, Task::MultiLabelClassification, Task::Embedding],
    backends: &["torch", "onnx", "hugging-face"],
    features: &[],
    recognise,
    load,
};

/// As Hugging Face folders call them.
pub const SNAPSHOTS: &[Snapshot] = &[
    Snapshot::class("ResNetForImageClassification", "resnet", Task::Classification),
    Snapshot::timm(|name| super::Variant::find(name).is_some(), "resnet", Task::Classification),
];

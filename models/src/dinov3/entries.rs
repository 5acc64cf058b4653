//! What DINOv3 can be asked for.

use ocelli_vision::Task;

use super::load::{known_to_timm, load, recognise, recognise_probe};
use crate::registry::Family;
use crate::snapshot::Snapshot;

/// Encoders.
pub const FAMILY: Family = Family {
    architecture: "dinov3",
    tasks: &[Task::Embedding],
    backends: &["torch", "onnx", "hugging-face"],
    features: &[],
    recognise,
    load,
};

/// Encoders with a linear classifier on the class token, as upstream trains them.
pub const PROBE: Family = Family {
    architecture: "dinov3_probe",
    tasks: &[Task::Classification, Task::MultiLabelClassification, Task::Embedding],
    backends: &["torch", "onnx"],
    recognise: recognise_probe,
    ..FAMILY
};

/// As Hugging Face folders call it.
pub const SNAPSHOTS: &[Snapshot] = &[
    Snapshot::class("DINOv3ViTModel", FAMILY.architecture, Task::Embedding),
    Snapshot::timm(known_to_timm, FAMILY.architecture, Task::Embedding),
];

//! What vision transformers can be asked for.

use ocelli_vision::Task;

use super::description::known_to_timm;
use super::load::{load, recognise, recognise_dinov2};
use crate::registry::Family;
use crate::snapshot::Snapshot;

const TASKS: &[Task] = &[Task::Classification, Task::MultiLabelClassification, Task::Embedding];

/// Vision transformers.
pub const FAMILY: Family = Family {
    architecture: "vit",
    tasks: TASKS,
    backends: &["torch", "onnx", "hugging-face"],
    features: &[],
    recognise,
    load,
};

/// DINOv2.
pub const DINOV2: Family = Family { architecture: "dinov2", recognise: recognise_dinov2, ..FAMILY };

const CLASSES: Task = Task::Classification;

/// As Hugging Face folders call them.
pub const SNAPSHOTS: &[Snapshot] = &[
    Snapshot::class("ViTForImageClassification", "vit", CLASSES),
    Snapshot::class("ViTModel", "vit", Task::Embedding),
    Snapshot::class("Dinov2Model", "dinov2", Task::Embedding),
    Snapshot::class("Dinov2ForImageClassification", "dinov2", CLASSES),
    Snapshot::class("Dinov2WithRegistersModel", "dinov2", Task::Embedding),
    Snapshot::class("Dinov2WithRegistersForImageClassification", "dinov2", CLASSES),
    Snapshot::timm(|name| known_to_timm(name, false), "vit", CLASSES),
    Snapshot::timm(|name| known_to_timm(name, true), "dinov2", Task::Embedding),
];

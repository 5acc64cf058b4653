//! What these models can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise, recognise_perception};
use crate::registry::Family;
use crate::snapshot::Snapshot;

/// CLIP.
pub const FAMILY: Family = Family {
    architecture: "clip",
    tasks: &[Task::Embedding],
    backends: &["torch", "torch-script", "hugging-face"],
    features: &[],
    recognise,
    load,
};

/// The Perception Encoder.
pub const PERCEPTION: Family = Family {
    architecture: "perception-encoder",
    backends: &["torch"],
    recognise: recognise_perception,
    ..FAMILY
};

/// The architectures that read texts.
pub const READERS: [&str; 2] = [FAMILY.architecture, PERCEPTION.architecture];

/// As folders call them.
pub const SNAPSHOTS: &[Snapshot] = &[
    Snapshot::class("CLIPModel", "clip", Task::Embedding),
    Snapshot::class("CLIPVisionModelWithProjection", "clip", Task::Embedding),
    Snapshot::open_clip("clip", Task::Embedding),
];

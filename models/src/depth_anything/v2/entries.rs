//! What Depth Anything V2 can be asked for.

use ocelli_vision::Task;

use super::load::{load, recognise};
use crate::registry::Family;
use crate::snapshot::Snapshot;

/// Depth Anything V2.
pub const FAMILY: Family = Family {
    architecture: "depth-anything-v2",
    tasks: &[Task::DepthEstimation],
    backends: &["hugging-face", "torch"],
    features: &[],
    recognise,
    load,
};

/// As Hugging Face folders call it.
pub const SNAPSHOTS: &[Snapshot] = &[Snapshot::class(
    "DepthAnythingForDepthEstimation",
    FAMILY.architecture,
    Task::DepthEstimation,
)];

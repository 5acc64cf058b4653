//! What Depth Anything 3 can be asked for.

use ocelli_vision::Task;

use super::config::known;
use super::load::{load, recognise};
use crate::registry::Family;
use crate::snapshot::Snapshot;

/// Depth Anything 3.
pub const FAMILY: Family = Family {
    architecture: "depth-anything-v3",
    tasks: &[Task::DepthEstimation],
    backends: &["torch", "hugging-face"],
    features: &[],
    recognise,
    load,
};

/// As its folders on the Hugging Face hub describe it.
pub const SNAPSHOTS: &[Snapshot] =
    &[Snapshot::whole(known, FAMILY.architecture, Task::DepthEstimation)];

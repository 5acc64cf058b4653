//! The architectures of ocelli.

mod blocks;
mod error;
mod key_points;
pub mod registry;
pub mod rfdetr;
mod runtime;
mod weights;

pub use error::{Error, Result};
pub use registry::{
    AnyModel, LoadOptions, LoadRequest, Loaded, Package, Preparation, WeightChoice,
};
pub use runtime::Runtime;
pub use weights::CheckpointWeights;

/// All architectures.
pub const FAMILIES: &[registry::Family] = &[rfdetr::FAMILY];

//! Depth Anything V2 (Yang et al. 2024), relative and metric, in Hugging Face's names.

mod config;
mod description;
mod entries;
mod load;
mod network;

pub(super) use config::OFFSET;
pub use config::{Config, Depth, SIZES, Size};
pub(super) use description::processor;
pub use entries::{FAMILY, SNAPSHOTS};
pub use network::{Network, network};

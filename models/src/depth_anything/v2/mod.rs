//! Depth Anything V2 (Yang et al. 2024), relative and metric, in Hugging Face's names.

mod config;
mod description;
mod entries;
mod load;
mod network;

pub use config::{Config, Depth, SIZES, Size};
pub use entries::{FAMILY, SNAPSHOTS};
pub use network::{Network, network};

//! DINOv3 (Siméoni et al. 2025): vision transformers with rotary positions and registers, that make vectors, and the
//! classifiers that are put on them. Weights are named as Hugging Face names them; timm's names are a table.

mod config;
mod entries;
mod layer;
mod load;
mod names;
mod network;

pub use config::{Config, SIZES, Size};
pub use entries::{FAMILY, PROBE, SNAPSHOTS};
pub use network::{Network, network};

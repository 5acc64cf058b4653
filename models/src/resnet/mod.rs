//! Residual networks that classify (He et al. 2015; with groups Xie et al. 2017, wide Zagoruyko & Komodakis 2016).
//! Weights are named as torchvision and timm name them; Hugging Face's names are a table.

mod config;
mod entries;
mod load;
mod names;
mod network;

pub use config::{Block, Config, VARIANTS, Variant};
pub use entries::{FAMILY, SNAPSHOTS};
pub(crate) use network::stages;
pub use network::{Network, network};

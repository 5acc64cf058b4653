//! Vision transformers (Dosovitskiy et al. 2020) that classify or make vectors, and DINOv2 (Oquab et al. 2023), which is
//! one with layer scale, with registers (Darcet et al. 2023) or without. Weights are named as Hugging Face names
//! DINOv2's; other names are tables.

mod config;
mod description;
mod entries;
mod load;
mod names;
mod network;

pub use config::{Config, Pooling, SIZES, Size};
pub(crate) use description::{encoder, told};
pub use entries::{DINOV2, FAMILY, SNAPSHOTS};
pub(crate) use names::{Layout, timm as timm_names};
pub(crate) use network::embed;
pub use network::{Network, network};

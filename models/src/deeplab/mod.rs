//! `DeepLabV3+`: an encoder whose last maps see far by dilated convolutions, joined with a fine early map (Chen et al. 2018).
//! Weights are named as `segmentation_models_pytorch` names them.

mod config;
mod encoder;
mod entries;
mod load;
mod model;
mod names;
mod network;

pub use config::Config;
pub use encoder::{ENCODERS, Encoder};
pub use entries::FAMILY;
pub use network::{Network, network};

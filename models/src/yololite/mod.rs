//! YOLO-Lite: a feature pyramid on an encoder of timm's, with a separate branch of light convolutions for each level
//! (Roboflow, 2025).
//!
//! Source: the repository `roboflow/yololite`, `model_v2.py`.

mod checkpoint;
mod config;
mod entries;
mod load;
mod network;

pub use config::{Config, VARIANTS, Variant};
pub use entries::FAMILY;
pub use network::{Network, network};

//! RF-DETR (Robinson et al. 2025): a DINOv2 encoder, a deformable decoder, heads for boxes, masks and key points; and
//! its semantic sibling without a decoder. Weights are named as Roboflow's `rfdetr` package names them.

mod boxes;
mod checkpoint;
mod classes;
mod config;
mod decoder;
mod entries;
mod infer;
mod keypoints;
mod load;
mod mask_head;
mod model;
mod network;
mod points;
mod prepare;
mod projector;
mod two_stage;

pub use config::{Config, Encoder, Head, Level, VARIANTS, Variant};
pub use entries::FAMILY;
pub use network::{Network, network};

//! The architectures of ocelli.

mod batch;
mod blocks;
mod classification;
pub mod clip;
pub mod deeplab;
pub mod depth_anything;
mod detector;
pub mod dinov3;
pub mod encoders;
mod error;
mod key_points;
mod prepare;
pub mod registry;
pub mod resnet;
pub mod rfdetr;
mod runtime;
mod served;
pub mod snapshot;
pub mod tokenizer;
pub mod vit;
mod weights;
pub mod yolact;
pub mod yolo;
pub mod yololite;
pub mod yolonas;

pub use error::{Error, Result};
pub use registry::{
    AnyModel, LoadOptions, LoadRequest, Loaded, Package, Preparation, WeightChoice,
};
pub use runtime::Runtime;
pub use weights::CheckpointWeights;

/// COCO's 91 category ids, one name a line; `background` where there is no category.
pub const COCO_NAMES: &str = include_str!("data/coco_91.txt");

/// All architectures.
pub const FAMILIES: &[registry::Family] = &[
    rfdetr::FAMILY,
    yolo::FAMILIES[0],
    yolo::FAMILIES[1],
    yolo::FAMILIES[2],
    yolo::FAMILIES[3],
    yolo::FAMILIES[4],
    yolo::FAMILIES[5],
    yolo::FAMILIES[6],
    yolo::FAMILIES[7],
    yolo::FAMILIES[8],
    yolo::FAMILIES[9],
    yolo::FAMILIES[10],
    yolonas::FAMILY,
    yololite::FAMILY,
    yolact::FAMILY,
    deeplab::FAMILY,
    resnet::FAMILY,
    vit::FAMILY,
    vit::DINOV2,
    depth_anything::v2::FAMILY,
    depth_anything::v3::FAMILY,
    dinov3::FAMILY,
    dinov3::PROBE,
    clip::FAMILY,
    clip::PERCEPTION,
];

/// How Hugging Face folders name what there is here.
pub const SNAPSHOTS: &[&[snapshot::Snapshot]] = &[
    resnet::SNAPSHOTS,
    vit::SNAPSHOTS,
    depth_anything::v2::SNAPSHOTS,
    depth_anything::v3::SNAPSHOTS,
    dinov3::SNAPSHOTS,
    clip::SNAPSHOTS,
];

#[cfg(test)]
#[path = "../../tests/common/shared.rs"]
mod lent;

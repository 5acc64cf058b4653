//! Networks against the originals, and files of each family from loading to prediction.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod classification;
mod clip_predict;
mod clip_stages;
mod deeplab_stages;
mod depth_anything;
mod depth_anything_stages;
mod dinov3_stages;
mod onnx;
mod resnet_stages;
mod rfdetr_load;
mod rfdetr_predict;
mod rfdetr_stages;
mod vit_stages;
mod yolact_stages;
mod yolo_checkpoints;
mod yolo_open;
mod yolo_predict;
mod yolo_stages;
mod yololite_stages;
mod yolonas_stages;
mod yolov7_load;

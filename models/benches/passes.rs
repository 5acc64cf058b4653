//! Forward passes of whole networks on one thread, for counting their instructions: `cargo xtask instructions`.
//!
//! Pictures are small, because valgrind computes a fused multiply-add in a call for each of its lanes.
//!
//! `cargo bench -p ocelli-models --bench passes -- [MODEL PASSES]`; without arguments, the names of the models.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "each bench uses a part")]
mod networks;

use networks::Model;

const MODELS: &[Model] = &[
    ("rfdetr-nano-128", 128, |g, image| networks::rfdetr("nano", g, image)),
    ("yolov8n-160", 160, |g, image| networks::yolo("yolov8", "yolov8n", g, image)),
    ("yolo11n-160", 160, |g, image| networks::yolo("yolo11", "yolo11n", g, image)),
    ("resnet50-64", 64, networks::resnet50),
    ("vit-tiny-128", 128, networks::vit_tiny),
];

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match &*arguments {
        [] => MODELS.iter().for_each(|(name, ..)| println!("{name}")),
        [model, passes] => run(model, passes.parse().unwrap()),
        _ => panic!("usage: passes [MODEL PASSES]"),
    }
}

fn run(model: &str, passes: usize) {
    let model = MODELS.iter().find(|(name, ..)| *name == model).unwrap();
    let mut session = networks::session(model, 1, &*common::executor()).unwrap();
    for _ in 0..passes {
        session.run().unwrap();
    }
}

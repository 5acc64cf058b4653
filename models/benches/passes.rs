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

use std::sync::Arc;

use common::formula::{Formula, fill};
use common::rfdetr::salt_of_selection;
use common::yolo::{Checkpoint, cases};
use ocelli_engine::{Graph, Value, Weights};
use ocelli_models::{resnet, rfdetr, vit, yolo};

/// A name, the side of the picture, and what describes the network and its outputs.
type Model = (&'static str, usize, fn(&mut Graph, Value));

const MODELS: &[Model] = &[
    ("rfdetr-nano-128", 128, rfdetr_nano),
    ("yolov8n-160", 160, |g, image| yolo_of("yolov8", "yolov8n", g, image)),
    ("yolo11n-160", 160, |g, image| yolo_of("yolo11", "yolo11n", g, image)),
    ("resnet50-64", 64, resnet50),
    ("vit-tiny-128", 128, vit_tiny),
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
    let (_, side, describe) = MODELS.iter().find(|(name, ..)| *name == model).unwrap();
    let shape = [1, *side, *side, 3];
    let mut g = Graph::new();
    let image = g.input("image", &shape).unwrap();
    describe(&mut g, image);
    let mut session = common::executor().compile(&g).unwrap().session().unwrap();
    session.input(0).unwrap().copy_from_slice(&fill("input", &shape, 0));
    for _ in 0..passes {
        session.run().unwrap();
    }
}

fn rfdetr_nano(g: &mut Graph, image: Value) {
    let source = Arc::new(Formula::new(0, salt_of_selection));
    let config = rfdetr::Config::new(rfdetr::Variant::find("nano").unwrap(), 91);
    let net = rfdetr::network(g, &Weights::new(source), image, &config).unwrap();
    for (name, value) in net.outputs {
        g.output(name, value);
    }
}

fn yolo_of(yaml: &str, name: &str, g: &mut Graph, image: Value) {
    let (_, case) = cases(yaml).into_iter().find(|(case, _)| case == name).unwrap();
    let spec = yolo::find(name).unwrap();
    let source = Arc::new(Checkpoint::new(&case, spec.layers.len() - 1));
    yolo::network(g, &Weights::new(Arc::clone(&source) as _), image, &spec).unwrap();
    source.set_norms(&case);
}

fn resnet50(g: &mut Graph, image: Value) {
    let source = Formula::new(0, |_, salt| salt).without(|name| {
        let conv = !name.starts_with("fc");
        conv && (name.contains("conv") || name.contains("downsample.0")) && name.ends_with("bias")
    });
    let config = resnet::Variant::find("resnet50").unwrap().config(1000);
    let net = resnet::network(g, &Weights::new(Arc::new(source)), image, &config).unwrap();
    g.output("logits", net.logits);
}

fn vit_tiny(g: &mut Graph, image: Value) {
    let source = Arc::new(Formula::new(0, |_, salt| salt));
    let size = vit::SIZES.iter().find(|size| size.name == "tiny").unwrap();
    let config = vit::Config::vit(size, 16, 128, Some(1000));
    let net = vit::network(g, &Weights::new(source), image, &config).unwrap();
    g.output("logits", net.logits.unwrap());
}

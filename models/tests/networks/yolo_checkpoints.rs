//! Networks of trained checkpoints: the yaml in the pickle is that of the release, and every tensor has its place.

use std::sync::Arc;

use crate::common::shared;
use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Weights};
use ocelli_models::CheckpointWeights;
use ocelli_models::yolo::{Spec, find, network};

#[test]
fn a_checkpoint_of_the_yolov5_repository() {
    check("yolov5n-coco.pt", "yolov5n", &["predictions"]);
}

#[test]
fn a_checkpoint_of_ultralytics() {
    check("yolo11n-seg-hip.pt", "yolo11n-seg", &["predictions", "protos"]);
}

fn check(file: &str, name: &str, outputs: &[&str]) {
    let Some(shared) = shared("") else { return };
    let file = StateDict::open(shared.join("weights").join(file)).unwrap();
    let model = ["ema", "model"].iter().find_map(|&key| file.root().get(key)?.as_object());
    let spec = Spec::from_value(model.unwrap().attribute("yaml").unwrap()).unwrap();
    let release = find(name).unwrap();
    assert_eq!(spec.layers, release.layers, "{name}");
    assert!((spec.depth, spec.width) == (release.depth, release.width), "{name}");

    let weights = Arc::new(CheckpointWeights::new(file.subset("model", "")));
    let mut g = Graph::new();
    let image = g.input("image", &[1, 64, 96, 3]).unwrap();
    let root = Weights::new(Arc::clone(&weights) as _);
    network(&mut g, &root, image, &spec).unwrap();
    let found: Vec<&str> = g.outputs().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(found, outputs, "{name}");
    let mut unused = weights.unused(&root.used());
    let idle = ["num_batches_tracked", "dfl.conv.weight", "anchor_grid"];
    unused.retain(|name| !idle.iter().any(|end| name.ends_with(end)));
    assert!(unused.is_empty(), "{unused:?}");
}

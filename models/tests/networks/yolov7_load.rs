//! Loading `YOLOv7` from a state dict that says nothing of itself.

use std::sync::Arc;

use crate::common::executor;
use crate::common::yolo::{Checkpoint, cases};
use ocelli_engine::{Graph, Weights};
use ocelli_models::yolo::{find, network};
use ocelli_models::{AnyModel, LoadOptions, LoadRequest, registry};
use ocelli_vision::{Confidence, Image, InferOptions, PostProcessOptions, Size, Task};

#[test]
fn a_state_dict_is_recognised_and_answers() {
    let (name, case) = cases("yolov7-seg").remove(0);
    let spec = find(&name).unwrap();
    let source = Arc::new(Checkpoint::new(&case, spec.layers.len() - 1));
    let mut g = Graph::new();
    let image = g.input("image", &[1, 64, 64, 3]).unwrap();
    network(&mut g, &Weights::new(Arc::clone(&source) as _), image, &spec).unwrap();
    source.set_norms(&case);
    let weights = source.state_dict();

    let (family, task) = registry::recognise(&weights).unwrap();
    assert_eq!((family.architecture, task), ("yolov7", Task::InstanceSegmentation));
    let options = LoadOptions { resolution: Some(Size::new(64, 96)), ..LoadOptions::default() };
    let executor = executor();
    let loaded = (family.load)(&LoadRequest { weights, package: None, options, executor }).unwrap();
    assert_eq!(loaded.variant, "yolov7-seg");
    assert!(loaded.unused.is_empty(), "{:?}", loaded.unused);
    let AnyModel::InstanceSegmentation(model) = loaded.model else { panic!("no masks") };
    let image = Image::filled(50, 40, [200, 10, 10]).unwrap();
    let post_process =
        PostProcessOptions { confidence: Confidence::Value(0.0), ..PostProcessOptions::default() };
    let options = InferOptions { post_process, ..InferOptions::default() };
    let found = model.infer(&[image], &options).unwrap().remove(0);
    assert!(!found.detections.is_empty());
    assert_eq!(found.masks.len(), found.detections.len());
}

//! Networks with an open vocabulary: where the embeddings of the classes' names come from.

use std::path::Path;
use std::sync::Arc;

use crate::common::executor;
use crate::common::formula::fill;
use crate::common::yolo::{Checkpoint, cases};
use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Weights};
use ocelli_models::yolo::{find, network};
use ocelli_models::{LoadOptions, LoadRequest, Loaded, Result, registry};
use ocelli_vision::{Size, Task, Tensor};

/// The tensors of the smallest network of a golden file.
fn state_dict(yaml: &str) -> (String, StateDict) {
    let (name, case) = cases(yaml).remove(0);
    let spec = find(&name).unwrap();
    let source = Arc::new(Checkpoint::new(&case, spec.layers.len() - 1));
    let mut g = Graph::new();
    let image = g.input("image", &[1, 64, 64, 3]).unwrap();
    network(&mut g, &Weights::new(Arc::clone(&source) as _), image, &spec).unwrap();
    source.set_norms(&case);
    (name, source.state_dict())
}

fn load(weights: StateDict) -> Result<Loaded> {
    let (family, _) = registry::recognise(&weights).unwrap();
    let options = LoadOptions { resolution: Some(Size::new(64, 64)), ..LoadOptions::default() };
    (family.load)(&LoadRequest { weights, package: None, options, executor: executor() })
}

#[test]
fn tensors_with_embeddings_beside_them_are_recognised() {
    let table = [
        ("yolov8-world", "yolov8", Task::ObjectDetection),
        ("yolov8-worldv2", "yolov8", Task::ObjectDetection),
        ("yoloe-v8", "yolov8", Task::ObjectDetection),
        ("yoloe-11-seg", "yolov11", Task::InstanceSegmentation),
        ("yoloe-26", "yolo26", Task::ObjectDetection),
        ("yoloe-26-seg", "yolo26", Task::InstanceSegmentation),
    ];
    for (yaml, architecture, task) in table {
        let (name, weights) = state_dict(yaml);
        let (family, found) = registry::recognise(&weights).unwrap();
        assert_eq!((family.architecture, found), (architecture, task), "{name}");
        let loaded = load(weights).unwrap();
        assert_eq!(loaded.variant, name);
        assert_eq!(loaded.unused, Vec::<String>::new(), "{name}");
        assert_eq!(loaded.model.vision().class_names().len(), 80, "{name}");
    }
}

#[test]
fn a_pickled_network_keeps_them_as_an_attribute() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/yolo/world.pt");
    let file = StateDict::open(path).unwrap();
    let answer = file.root().get("answer").unwrap().as_tensor().unwrap().clone();
    let loaded = load(file).unwrap();
    assert_eq!(loaded.unused, Vec::<String>::new());
    assert_eq!(loaded.model.vision().class_names(), ["a dog", "a bus", "a tree"]);

    let input = Tensor::new(vec![1, 64, 64, 3], fill("input", &[1, 64, 64, 3], 0)).unwrap();
    let outputs = loaded.model.vision().forward(&input).unwrap();
    let found = outputs.get("predictions").unwrap();
    assert_eq!(found.shape(), answer.shape());
    for (found, needed) in found.data().iter().zip(answer.to_f32().unwrap().iter()) {
        assert!((found - needed).abs() <= 1e-4 * (1.0 + needed.abs()), "{found} for {needed}");
    }
}

#[test]
fn without_them_the_error_says_what_to_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/yolo/world.pt");
    let trained = StateDict::open(path).unwrap();
    let (_, weights) = state_dict("yolov8-worldv2");
    let nameless = weights.renamed(|name| (name != "txt_feats").then(|| name.to_owned()));
    assert_eq!(nameless.len() + 1, weights.len());
    assert!(registry::recognise(&nameless).is_none());

    let family = registry::recognise(&trained).unwrap().0;
    let options = LoadOptions::default();
    let request = LoadRequest { weights: nameless, package: None, options, executor: executor() };
    let error = (family.load)(&request).err().unwrap().to_string();
    assert!(error.contains("set_classes"), "{error}");
}

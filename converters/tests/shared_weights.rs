//! Real checkpoints, if they are at hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail loudly and say what they skip"
)]

#[path = "../../tests/common/shared.rs"]
mod lent;

use std::time::{Duration, Instant};

use lent::shared;
use ocelli_converters::{DType, Format, StateDict, Value};

#[test]
fn a_training_checkpoint_opens_at_once_and_lists_its_groups() {
    let Some(path) = shared("weights/rfdetr-nano-16.pth") else { return };
    let start = Instant::now();
    let checkpoint = StateDict::open(path).unwrap();
    let elapsed = start.elapsed();
    println!("{checkpoint:?} in {elapsed:?}");
    for group in checkpoint.groups().iter().take(12) {
        println!("{group:?}");
    }
    assert!(elapsed < Duration::from_millis(200), "{elapsed:?}");
    assert_eq!(checkpoint.format(), Format::TorchZip);

    let names = checkpoint.root().at(&["args", "class_names"]).and_then(Value::as_slice).unwrap();
    assert_eq!(names.len(), 16);
    assert!(names[0].as_str().is_some());

    let model = checkpoint.subset("model", "");
    assert_eq!(model.len(), checkpoint.subset("state_dict", "model.").len());
    let head = model.tensor("class_embed.weight").unwrap();
    assert_eq!((head.dtype(), head.shape()), (DType::F32, &[17, 256][..]));
    assert!(head.as_f32().unwrap().is_some(), "borrowed from the map");
    assert!(head.to_f32().unwrap().iter().all(|x| x.is_finite()));
}

#[test]
fn pickled_modules_name_their_parameters_as_state_dict_does() {
    for (file, group, name) in [
        ("yolov5n-coco.pt", "model", "model.0.conv.weight"),
        ("yolo11n-seg-hip.pt", "model", "model.0.conv.weight"),
    ] {
        let Some(path) = shared(&format!("weights/{file}")) else { continue };
        let start = Instant::now();
        let checkpoint = StateDict::open(path).unwrap();
        println!("{checkpoint:?} in {:?}", start.elapsed());
        println!("{:?}", checkpoint.groups());
        let module = checkpoint.root().get("model").unwrap();
        for attribute in ["names", "yaml"] {
            println!("{attribute}: {:?}", module.get(attribute));
            assert!(module.get(attribute).is_some(), "{file} {attribute}");
        }
        let model = checkpoint.subset(group, "");
        let first = model.tensor(name).unwrap();
        assert_eq!(first.shape()[0], 16);
        assert!(first.to_f32().unwrap().iter().all(|x| x.is_finite()));
        println!("{:?}", checkpoint.root());
    }
}

#[test]
fn safetensors_of_half_precision_convert() {
    let Some(path) = shared("weights/dinov2-small.safetensors") else { return };
    let start = Instant::now();
    let checkpoint = StateDict::open(path).unwrap();
    println!("{checkpoint:?} in {:?}", start.elapsed());
    assert_eq!(checkpoint.format(), Format::Safetensors);
    let tensor = checkpoint.tensor("embeddings.cls_token").unwrap();
    assert_eq!(tensor.dtype(), DType::F16);
    assert!(tensor.to_f32().unwrap().iter().any(|&x| x != 0.0));
}

#[test]
fn exported_detectors_open_at_once_under_module_names() {
    for (file, last, classes) in [
        ("yolo11n-coco.onnx", "model.23.cv3.2.2.bias", 80),
        ("yolov8n-doclaynet.onnx", "model.22.cv3.2.2.bias", 11),
    ] {
        let Some(path) = shared(&format!("weights/{file}")) else { continue };
        let start = Instant::now();
        let model = StateDict::open(path).unwrap();
        let elapsed = start.elapsed();
        println!("{model:?} in {elapsed:?}");
        assert!(elapsed < Duration::from_millis(200), "{elapsed:?}");
        assert_eq!(model.format(), Format::Onnx);
        assert_eq!(model.tensor(last).unwrap().shape(), [classes]);
        let first = model.tensor("model.0.conv.weight").unwrap();
        assert_eq!((first.dtype(), first.shape()), (DType::F32, &[16, 3, 3, 3][..]));
        assert!(first.to_f32().unwrap().iter().all(|x| x.is_finite()));
        let renamed = model.root().get("renamed").and_then(Value::as_dict).unwrap();
        println!("renamed: {renamed:?}", renamed = renamed.iter().collect::<Vec<_>>());
        assert!(renamed.is_empty(), "their weights have module names");
        let names = model.root().at(&["metadata_props", "names"]).and_then(Value::as_str);
        assert!(names.unwrap().starts_with("{0: '"));
        let nodes = model.root().get("nodes").and_then(Value::as_slice).unwrap();
        println!("{:?}", nodes[0]);
    }
}

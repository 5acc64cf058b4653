//! YOLO from picture to prediction, against what Ultralytics, the `yolov5` package and `inference-models` predict.
//!
//! Tolerance: the same classes, scores within 1e-3, boxes within 0.5 pixels, masks that overlap by 0.99.

use std::path::Path;
use std::sync::Arc;

use crate::common::{device, executor, shared};
use ocelli_converters::StateDict;
use ocelli_engine::{Executor, Precision};
use ocelli_models::{AnyModel, LoadOptions, LoadRequest, Loaded, Package, Preparation, registry};
use ocelli_vision::{
    Confidence, Detection, Detections, Image, InferOptions, MaskFormat, PostProcessOptions, Rle,
    Size, Task,
};
use serde_json::Value;

fn goldens(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/goldens").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn load(file: &Path, package: Option<Package>) -> Loaded {
    load_on(executor(), file, package)
}

fn load_on(executor: Arc<dyn Executor>, file: &Path, package: Option<Package>) -> Loaded {
    let weights = StateDict::open(file).unwrap();
    let (family, task) = registry::recognise(&weights).unwrap();
    let options = LoadOptions::default();
    let loaded = (family.load)(&LoadRequest { weights, package, options, executor }).unwrap();
    assert_eq!(loaded.model.task(), task);
    assert_eq!(loaded.unused, Vec::<String>::new());
    loaded
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// A golden picture's answers.
fn needed(row: &Value, size: Size) -> Detections {
    Detections {
        image_size: size,
        xyxy: list(&row["xyxy"]),
        class_id: list(&row["class_id"]),
        confidence: list(&row["confidence"]),
    }
}

/// Asserts that each answer of one side has a counterpart on the other; boxes are off by `pixels` at most, and an answer
/// within 1e-3 of the threshold need not be on both sides.
fn assert_agree(found: &Detections, needed: &Detections, threshold: f32, pixels: f32, what: &str) {
    assert_within([1e-3, pixels], found, needed, threshold, what);
}

/// The same with scores that are off by as much as `score`.
fn assert_within(
    [score, pixels]: [f32; 2],
    found: &Detections,
    needed: &Detections,
    threshold: f32,
    what: &str,
) {
    let near = |a: &Detection, b: &Detection| {
        a.class_id == b.class_id
            && (a.confidence - b.confidence).abs() <= score
            && a.xyxy.iter().zip(b.xyxy).all(|(a, b)| (a - b).abs() <= pixels)
    };
    for (ours, theirs, side) in [(found, needed, "too much"), (needed, found, "missing")] {
        for one in ours.iter().filter(|d| d.confidence > threshold + score) {
            assert!(theirs.iter().any(|d| near(&one, &d)), "{what}: {side}: {one:?}\n{found:?}");
        }
    }
    assert!(found.confidence.is_sorted_by(|a, b| a >= b), "{what}: order");
}

fn detects_as_recorded(file: &str, golden: &str, variant: &str, size: usize) {
    let Some(shared) = shared("") else { return };
    let goldens = goldens(golden);
    let loaded = load(&shared.join("weights").join(file), None);
    assert_eq!((&*loaded.variant, loaded.resolution), (variant, Size::new(size, size)));
    let AnyModel::ObjectDetection(model) = loaded.model else { panic!("not a detector") };
    assert_eq!(model.class_names(), list::<Vec<String>>(&goldens["class_names"]));
    for (picture, row) in goldens["pictures"].as_object().unwrap() {
        let image = Image::open(shared.join("images").join(picture)).unwrap();
        let size = image.size();
        let found = model.infer(&[image], &InferOptions::default()).unwrap().remove(0);
        assert_agree(&found, &needed(row, size), 0.25, 0.5, picture);
    }
}

/// Products of rounded numbers find the same objects: scores within 0.1, boxes within 8 pixels.
#[test]
fn rounded_products_detect_as_recorded() {
    let Some(shared) = shared("") else { return };
    for (file, golden) in
        [("yolo11n-coco.onnx", "yolo-yolo11n.json"), ("yolov5n-coco.pt", "yolo-yolov5n.json")]
    {
        let executor = device("cpu:2", Precision::Bf16).unwrap();
        let loaded = load_on(executor, &shared.join("weights").join(file), None);
        let AnyModel::ObjectDetection(model) = loaded.model else { panic!("not a detector") };
        for (picture, row) in goldens(golden)["pictures"].as_object().unwrap() {
            let image = Image::open(shared.join("images").join(picture)).unwrap();
            let size = image.size();
            let found = model.infer(&[image], &InferOptions::default()).unwrap().remove(0);
            let what = format!("{file}: {picture}");
            assert_within([0.1, 8.0], &found, &needed(row, size), 0.25, &what);
        }
    }
}

#[test]
fn yolo11n_from_onnx_detects_as_ultralytics() {
    detects_as_recorded("yolo11n-coco.onnx", "yolo-yolo11n.json", "yolo11n", 640);
}

#[test]
fn yolov8n_from_onnx_detects_as_ultralytics() {
    detects_as_recorded("yolov8n-doclaynet.onnx", "yolo-doclaynet.json", "yolov8n", 1024);
}

#[test]
fn yolov5n_of_the_old_repository_detects_as_its_own_package() {
    detects_as_recorded("yolov5n-coco.pt", "yolo-yolov5n.json", "yolov5n", 640);
}

#[test]
fn yolo11n_segments_as_ultralytics() {
    let Some(shared) = shared("") else { return };
    let goldens = goldens("yolo-hip.json");
    let loaded = load(&shared.join("weights/yolo11n-seg-hip.pt"), None);
    assert_eq!((&*loaded.variant, loaded.resolution), ("yolo11n-seg", Size::new(800, 800)));
    let AnyModel::InstanceSegmentation(model) = loaded.model else { panic!("not a segmenter") };
    let post_process = PostProcessOptions {
        confidence: Confidence::Value(5e-4),
        max_detections: Some(12),
        mask_format: MaskFormat::Rle,
        ..Default::default()
    };
    let options = InferOptions { post_process, ..Default::default() };
    for (picture, row) in goldens["pictures"].as_object().unwrap() {
        let image = Image::open(shared.join("images").join(picture)).unwrap();
        let size = image.size();
        let found = model.infer(&[image], &options).unwrap().remove(0);
        assert_agree(&found.detections, &needed(row, size), 5e-4, 0.5, picture);
        for (i, mask) in row["masks"].as_array().unwrap().iter().enumerate() {
            let counts = mask["counts"].as_str().unwrap().as_bytes();
            let needed = Rle::from_compressed(size, counts).unwrap();
            let iou = found.masks.rle(i).unwrap().iou(&needed).unwrap();
            assert!(iou > 0.99, "{picture}: mask {i} overlaps by {iou}");
        }
    }
}

#[test]
fn packages_detect_as_inference_models() {
    let Some(shared) = shared("") else { return };
    let goldens = goldens("yolo-package.json");
    for (mode, golden) in goldens["configs"].as_object().unwrap() {
        let package = Package {
            class_names: list(&goldens["class_names"]),
            inference_config: Some(golden["inference_config"].to_string()),
            ..Package::default()
        };
        let loaded = load(&shared.join("weights/yolo11n-coco.onnx"), Some(package));
        assert_eq!(loaded.model.task(), Task::ObjectDetection);
        let AnyModel::ObjectDetection(model) = loaded.model else { panic!("not a detector") };
        for (picture, row) in golden["pictures"].as_object().unwrap() {
            let image = Image::open(shared.join("images").join(picture)).unwrap();
            let size = image.size();
            let found = model.infer(&[image], &InferOptions::default()).unwrap().remove(0);
            let what = format!("{mode}, {picture}");
            assert_agree(&found, &needed(row, size), 0.4, 1.0, &what);
        }
    }
}

#[test]
fn a_package_made_from_a_checkpoint_answers_as_it() {
    let Some(shared) = shared("") else { return };
    let image = Image::open(shared.join("images/bus.jpg")).unwrap();
    for file in ["yolov5n-coco.pt", "yolo11n-coco.onnx"] {
        let first = load(&shared.join("weights").join(file), None);
        let package = Package {
            class_names: first.model.vision().class_names().to_vec(),
            inference_config: Some(serde_json::to_string(&first.config).unwrap()),
            ..Package::default()
        };
        let options = LoadOptions { preparation: Preparation::Trainer, ..LoadOptions::default() };
        let request = LoadRequest {
            weights: first.weights,
            package: Some(package),
            options,
            executor: executor(),
        };
        let again = (registry::recognise(&request.weights).unwrap().0.load)(&request).unwrap();
        assert_eq!((&again.variant, again.resolution), (&first.variant, first.resolution));
        let (AnyModel::ObjectDetection(first), AnyModel::ObjectDetection(again)) =
            (first.model, again.model)
        else {
            panic!("not detectors")
        };
        let infer = |model: &dyn ocelli_vision::ObjectDetectionModel| {
            model.infer(std::slice::from_ref(&image), &InferOptions::default()).unwrap().remove(0)
        };
        assert_eq!(infer(&*first), infer(&*again), "{file}");
    }
}

//! Vision transformers out of ONNX files, against what onnxruntime makes of the same files.
//!
//! Tolerance: scores within 1e-5, vectors within 1e-4.

use std::path::{Path, PathBuf};

use crate::common::executor;
use ocelli_converters::StateDict;
use ocelli_models::{AnyModel, Error, LoadOptions, LoadRequest, Loaded, Package, registry};
use ocelli_vision::{ColorOrder, Image, InferOptions, Task};
use serde_json::{Value, json};

const SIDE: usize = 20;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx")
}

fn rows() -> Vec<Value> {
    serde_json::from_slice(&std::fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

fn row(file: &str) -> Value {
    rows().into_iter().find(|row| row["file"] == file).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// The picture of the script that wrote the files.
fn picture() -> Image {
    let byte = |i: usize| ((i * 37 + i * i % 101) % 256) as u8;
    let bytes = (0..SIDE * SIDE * 3).map(byte).collect();
    Image::from_raw(SIDE, SIDE, bytes, ColorOrder::Rgb).unwrap()
}

fn package(row: &Value, post: &str) -> Package {
    let size = json!({"height": SIDE, "width": SIDE});
    let config = json!({
        "image_pre_processing": {},
        "network_input": {
            "training_input_size": size,
            "dynamic_spatial_size_supported": false,
            "color_mode": "rgb",
            "resize_mode": "stretch",
            "input_channels": 3,
            "scaling_factor": 255,
            "normalization": [[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]],
        },
        "post_processing": {"type": post, "fused": row["fused"]},
        "model_initialization": {"encoder": row["encoder"]},
    });
    Package { inference_config: Some(config.to_string()), ..Package::default() }
}

fn load(row: &Value, weights: StateDict, task: Task) -> Result<Loaded, Error> {
    let post = if task == Task::MultiLabelClassification { "sigmoid" } else { "softmax" };
    let package = Some(package(row, post));
    let family = registry::find(row["family"].as_str().unwrap(), task, "onnx").unwrap();
    let options = LoadOptions { task: Some(task), ..LoadOptions::default() };
    (family.load)(&LoadRequest { weights, package, options, executor: executor() })
}

fn open(row: &Value) -> StateDict {
    StateDict::open(folder().join(row["file"].as_str().unwrap())).unwrap()
}

fn answer(loaded: &Loaded) -> Vec<f32> {
    let (images, options) = ([picture()], InferOptions::default());
    match &loaded.model {
        AnyModel::Classification(model) => {
            model.infer(&images, &options).unwrap().remove(0).confidence
        }
        AnyModel::MultiLabelClassification(model) => {
            model.infer(&images, &options).unwrap().remove(0).confidence
        }
        AnyModel::Embedding(model) => model.infer(&images, &options).unwrap().remove(0).values,
        _ => panic!("another task"),
    }
}

fn off(found: &[f32], needed: &[f32]) -> f32 {
    assert_eq!(found.len(), needed.len());
    found.iter().zip(needed).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// An optimiser made one product of the three of each attention.
const JOINED: &str = "dinov2-transformers-sim.onnx";

#[test]
fn answers_are_those_of_onnxruntime() {
    for row in rows().into_iter().filter(|row| row["file"] != JOINED) {
        let task: Task = list(&row["task"]);
        let loaded =
            load(&row, open(&row), task).unwrap_or_else(|e| panic!("{}: {e}", row["file"]));
        assert!(loaded.unused.is_empty(), "{}: {:?}", row["file"], loaded.unused);
        let off = off(&answer(&loaded), &list::<Vec<f32>>(&row["answer"]));
        let limit = if task == Task::Embedding { 1e-4 } else { 1e-5 };
        assert!(off <= limit, "{} is off by {off}", row["file"]);
    }
}

#[test]
fn labels_have_the_odds_that_classes_have() {
    for file in ["vit-transformers-script.onnx", "dinov3_probe-script.onnx"] {
        let row = row(file);
        let loaded = load(&row, open(&row), Task::MultiLabelClassification).unwrap();
        let odds: Vec<f32> = answer(&loaded).iter().map(|p| p / (1.0 - p)).collect();
        let sum: f32 = odds.iter().sum();
        let shares: Vec<f32> = odds.iter().map(|odds| odds / sum).collect();
        let off = off(&shares, &list::<Vec<f32>>(&row["answer"]));
        assert!(off <= 1e-5, "{file} is off by {off}");
    }
}

/// Replaces a text in a file by another of the same length.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from.as_bytes())
        .map(|(place, _)| place)
        .collect();
    assert!(!places.is_empty(), "{from} is not there");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn a_weight_that_has_no_name_beyond_doubt_is_an_error() {
    let cases = [
        (JOINED, "onnx", "onnx"),
        // Of two layers with one path.
        ("dinov3_probe-script.onnx", "/blocks.1/attn/qkv/MatMul", "/blocks.0/attn/qkv/MatMul"),
        ("vit-timm-script.onnx", "blocks.1.norm2.weight", "blocks.1.norm3.weight"),
        ("vit-timm-script.onnx", "Erf", "Tan"),
        ("vit-timm-script.onnx", "cls_token", "cls::toke"),
    ];
    for (file, from, to) in cases {
        let row = row(file);
        let bytes = std::fs::read(folder().join(file)).unwrap();
        let weights = StateDict::from_bytes(replaced(&bytes, from, to), file).unwrap();
        match load(&row, weights, Task::Classification) {
            Ok(loaded) => {
                let off = off(&answer(&loaded), &list::<Vec<f32>>(&row["answer"]));
                panic!("{file}: {from} was guessed, answers are off by {off}");
            }
            Err(error) => eprintln!("{from}: {error}"),
        }
    }
}

#[test]
fn a_cut_file_is_an_error() {
    let row = row("dinov3_probe-dynamo.onnx");
    let bytes = std::fs::read(folder().join("dinov3_probe-dynamo.onnx")).unwrap();
    for end in (0..bytes.len()).step_by(997) {
        let weights = StateDict::from_bytes(bytes[..end].to_vec(), "cut.onnx");
        let loaded =
            weights.ok().and_then(|weights| load(&row, weights, Task::Classification).ok());
        assert!(loaded.is_none(), "the first {end} bytes are a model");
    }
}

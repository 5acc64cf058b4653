//! Depth Anything from file to map, against upstream's packages and the authors' code.
//!
//! Tolerance: the input as `transformers` prepares it is exact, the authors' within a tenth of a count of 255; maps within
//! 1e-3 of their largest value.

use std::path::Path;

use crate::common::formula::{fill, sample_indices};
use crate::common::{executor, shared};
use ocelli_converters::{DType, StateDict};
use ocelli_models::{AnyModel, LoadOptions, LoadRequest, Loaded, Package, registry};
use ocelli_vision::{
    DepthEstimationModel, Image, InferOptions, PostProcessOptions, PreProcessOptions, Task,
};
use serde_json::Value;

fn rows() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/depth_anything");
    serde_json::from_slice(&std::fs::read(folder.join("predict.json")).unwrap()).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// The file of a case: tensors under its own names, filled by the formula under this project's.
fn checkpoint(row: &Value) -> StateDict {
    let tensors: Vec<(String, String, Vec<usize>)> = list(&row["tensors"]);
    let tensor = |(name, ours, shape): (String, String, Vec<usize>)| {
        let values = fill(&ours, &shape, 0);
        (name, DType::F32, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    };
    StateDict::from_tensors(tensors.into_iter().map(tensor)).unwrap()
}

fn package(row: &Value) -> Option<Package> {
    let text = |key: &str| row.get(key).map(Value::to_string);
    let package = Package {
        config: text("config"),
        preprocessor_config: text("preprocessor"),
        ..Package::default()
    };
    (package != Package::default()).then_some(package)
}

fn load(row: &Value, weights: StateDict, package: Option<Package>) -> Loaded {
    let (task, options) = (Task::DepthEstimation, LoadOptions::default());
    let family = registry::find(row["architecture"].as_str().unwrap(), task, "torch").unwrap();
    let request = LoadRequest { weights, package, options, executor: executor() };
    let loaded = (family.load)(&request).unwrap_or_else(|e| panic!("{}: {e}", row["name"]));
    assert_eq!(row["variant"], loaded.variant.as_str());
    loaded
}

fn model(loaded: &Loaded) -> &dyn DepthEstimationModel {
    match &loaded.model {
        AnyModel::DepthEstimation(model) => &**model,
        _ => panic!("another task"),
    }
}

/// The largest difference from a golden's samples, and the largest value.
fn distance(found: &[f32], shape: &[usize], golden: &Value) -> (f32, f32) {
    assert_eq!(shape, list::<Vec<usize>>(&golden["shape"]));
    let needed: Vec<f32> = list(&golden["samples"]);
    let places = sample_indices(found.len(), 256);
    let differences = places.iter().zip(&needed).map(|(&i, needed)| (found[i] - needed).abs());
    (differences.fold(0.0, f32::max), list(&golden["absmax"]))
}

#[test]
fn maps_are_those_of_the_originals() {
    let Some(shared) = shared("") else { return };
    for row in rows() {
        let loaded = load(&row, checkpoint(&row), package(&row));
        let (model, name) = (model(&loaded), &row["name"]);
        for (picture, golden) in row["pictures"].as_object().unwrap() {
            let image = Image::open(shared.join("images").join(picture)).unwrap();
            let ready = model.pre_process(&[image], &PreProcessOptions::default()).unwrap();
            let (off, _) = distance(ready.input.data(), ready.input.shape(), &golden["input"]);
            let exact = name != "authors v2";
            let limit = if exact { 1e-6 } else { 0.1 / 255.0 / 0.224 };
            assert!(off <= limit, "{name}: {picture}: the input is off by {off}");
            let outputs = model.forward(&ready.input).unwrap();
            let options = PostProcessOptions::default();
            let map = model.post_process(&outputs, &ready.metadata, &options).unwrap().remove(0);
            let shape = [map.image_size.height, map.image_size.width];
            let (of_map, largest) = distance(&map.depth, &shape, &golden["depth"]);
            eprintln!("{name}: {picture}: input {off:.1e}, depth {:.1e}", of_map / largest);
            assert!(of_map <= 1e-3 * largest, "{name}: {picture} is off by {of_map} of {largest}");
        }
    }
}

#[test]
fn a_package_made_from_a_model_answers_as_it() {
    let image = Image::filled(90, 64, [10, 200, 90]).unwrap();
    let infer = |loaded: &Loaded| {
        let small = PreProcessOptions {
            image_size: Some(ocelli_vision::Size::new(56, 56)),
            ..PreProcessOptions::default()
        };
        let options = InferOptions { pre_process: small, ..InferOptions::default() };
        model(loaded).infer(std::slice::from_ref(&image), &options).unwrap().remove(0)
    };
    for row in rows() {
        let first = load(&row, checkpoint(&row), package(&row));
        let written = Package {
            inference_config: Some(serde_json::to_string(&first.config).unwrap()),
            model_type: Some(first.variant.clone()),
            ..Package::default()
        };
        let again = load(&row, first.weights.clone(), Some(written));
        assert_eq!(again.resolution, first.resolution);
        assert_eq!(infer(&first), infer(&again), "{}", row["name"]);
    }
}

#[test]
fn checkpoints_on_their_own_are_recognised() {
    for row in rows() {
        let found = registry::recognise(&checkpoint(&row)).map(|(family, _)| family.architecture);
        // A network of no published size shows neither its heads nor which layers are taken.
        assert_eq!(found, row["architecture"].as_str(), "{}", row["name"]);
    }
}

#[test]
fn what_does_not_fit_is_named() {
    let rows = rows();
    let error = |row: &Value, change: &dyn Fn(&mut Value)| {
        let mut config = row["config"].clone();
        change(&mut config);
        let package = Package { config: Some(config.to_string()), ..package(row).unwrap() };
        let family = row["architecture"].as_str().unwrap();
        let family = registry::find(family, Task::DepthEstimation, "torch").unwrap();
        let (weights, options) = (checkpoint(row), LoadOptions::default());
        let package = Some(package);
        let request = LoadRequest { weights, package, options, executor: executor() };
        (family.load)(&request).err().expect("an error").to_string()
    };
    let second = &rows[0];
    let third = rows.iter().find(|row| row["name"] == "package v3").unwrap();
    let cases = [
        (error(second, &|c| c["depth_estimation_type"] = "odd".into()), "odd"),
        (error(second, &|c| c["backbone_config"]["num_attention_heads"] = 0.into()), "heads"),
        (
            error(second, &|c| c["backbone_config"]["out_indices"] = vec![1, 2, 4, 9].into()),
            "known size",
        ),
        (error(third, &|c| c["config"]["net"]["alt_start"] = 6.into()), "qknorm_start"),
        (error(third, &|c| c["config"]["net"]["out_layers"] = vec![1, 2, 3].into()), "out_layers"),
    ];
    for (found, part) in cases {
        assert!(found.contains(part), "{part}: {found}");
    }
}

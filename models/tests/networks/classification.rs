//! Classifiers and encoders from file to answer, against torchvision, timm, transformers and inference-models.
//!
//! Tolerance: probabilities and scores within 1e-4, vectors within 1e-3 of their largest element, those of trained
//! weights within 1e-4.

use std::path::Path;

use crate::common::formula::{fill, sample_indices};
use crate::common::{executor, shared};
use ocelli_converters::{DType, StateDict};
use ocelli_models::{AnyModel, LoadOptions, LoadRequest, Loaded, Package, Preparation, registry};
use ocelli_vision::{Image, InferOptions, PreProcessOptions, Task};
use serde_json::Value;

fn goldens(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/classification");
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

/// All cases.
fn rows() -> Vec<Value> {
    ["predict.json", "dinov3.json"]
        .into_iter()
        .flat_map(|name| list::<Vec<Value>>(&goldens(name)))
        .collect()
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
    let names = ["cat", "dog", "bus"].map(str::to_owned).to_vec();
    let packaged = row.get("inference_config").is_some();
    let package = Package {
        class_names: if packaged { names } else { Vec::new() },
        inference_config: text("inference_config"),
        config: text("config"),
        preprocessor_config: text("preprocessor"),
        ..Package::default()
    };
    (package != Package::default()).then_some(package)
}

fn load(row: &Value, weights: StateDict, package: Option<Package>, options: LoadOptions) -> Loaded {
    let task: Task = list(&row["task"]);
    let described = package.as_ref().is_some_and(|package| package.config.is_some());
    let backend = if described { "hugging-face" } else { "torch" };
    let family = registry::find(row["architecture"].as_str().unwrap(), task, backend).unwrap();
    let request = LoadRequest { weights, package, options, executor: executor() };
    let loaded = (family.load)(&request).unwrap_or_else(|e| panic!("{}: {e}", row["name"]));
    assert_eq!(loaded.model.task(), task, "{}", row["name"]);
    assert!(loaded.unused.is_empty());
    loaded
}

/// The scores or the vector of a picture.
fn answer(loaded: &Loaded, image: Image) -> Vec<f32> {
    let (images, options) = ([image], InferOptions::default());
    match &loaded.model {
        AnyModel::Classification(model) => {
            let found = model.infer(&images, &options).unwrap().remove(0);
            let best = found.confidence.iter().copied().fold(0.0, f32::max);
            assert!(found.confidence[found.class_id] >= best);
            found.confidence
        }
        AnyModel::MultiLabelClassification(model) => {
            let found = model.infer(&images, &options).unwrap().remove(0);
            let threshold = if loaded.variant.starts_with("dinov3") { 0.5 } else { 0.4 };
            let over = |&class: &usize| found.confidence[class] >= threshold;
            let needed: Vec<usize> = (0..found.confidence.len()).filter(over).collect();
            assert_eq!(found.class_ids, needed);
            found.confidence
        }
        AnyModel::Embedding(model) => model.infer(&images, &options).unwrap().remove(0).values,
        _ => panic!("another task"),
    }
}

#[test]
fn answers_are_those_of_the_originals() {
    let Some(shared) = shared("") else { return };
    for row in rows() {
        let loaded = load(&row, checkpoint(&row), package(&row), LoadOptions::default());
        for (picture, golden) in row["pictures"].as_object().unwrap() {
            let needed: Vec<f32> = list(golden);
            let image = Image::open(shared.join("images").join(picture)).unwrap();
            let found = answer(&loaded, image);
            assert_eq!(found.len(), needed.len(), "{}", row["name"]);
            let largest = needed.iter().fold(0.0, |most: f32, v| most.max(v.abs()));
            let limit = if row["task"] == "embedding" { 1e-3 * largest } else { 1e-4 };
            let off = found.iter().zip(&needed).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            eprintln!("{}: {picture}: {off:.1e}", row["name"]);
            assert!(off <= limit, "{}: {picture} is off by {off}", row["name"]);
        }
    }
}

#[test]
fn a_package_made_from_a_model_answers_as_it() {
    let image = Image::filled(300, 200, [10, 200, 90]).unwrap();
    let rows: Vec<Value> = rows();
    for row in rows.iter().filter(|row| row.get("inference_config").is_none()) {
        let first = load(row, checkpoint(row), package(row), LoadOptions::default());
        let written = Package {
            class_names: first.model.vision().class_names().to_vec(),
            inference_config: Some(serde_json::to_string(&first.config).unwrap()),
            model_type: Some(first.variant.clone()),
            ..Package::default()
        };
        let options = LoadOptions { preparation: Preparation::Trainer, ..LoadOptions::default() };
        let again = load(row, first.weights.clone(), Some(written), options);
        assert_eq!((&again.variant, again.resolution), (&first.variant, first.resolution));
        assert_eq!(answer(&first, image.clone()), answer(&again, image.clone()));
    }
}

/// As exports have them: the norm is part of the convolution, which has a bias then.
fn folded(weights: &StateDict) -> StateDict {
    let values = |name: &str| weights.tensor(name).unwrap().to_f32().unwrap().into_owned();
    let norm_of = |conv: &str| match conv.strip_suffix("downsample.0") {
        Some(block) => format!("{block}downsample.1"),
        None => conv.replace("conv", "bn"),
    };
    let mut tensors = Vec::new();
    let mut keep = |name: String, shape: &[usize], values: Vec<f32>| {
        let bytes = values.into_iter().flat_map(f32::to_le_bytes).collect();
        tensors.push((name, DType::F32, shape.to_vec(), bytes));
    };
    for tensor in weights.tensors() {
        let (name, shape) = (tensor.name(), tensor.shape());
        if name.starts_with("fc.") {
            keep(name.to_owned(), shape, values(name));
        }
        let (Some(conv), [out, ..]) = (name.strip_suffix(".weight"), shape) else { continue };
        if shape.len() != 4 {
            continue;
        }
        let [weight, bias, mean, var] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| values(&format!("{}.{part}", norm_of(conv))));
        let scale: Vec<f32> = weight.iter().zip(var).map(|(w, v)| w / (v + 1e-5).sqrt()).collect();
        let mut kernels = values(name);
        let count = kernels.len() / out;
        for (kernel, scale) in kernels.chunks_mut(count).zip(&scale) {
            for value in kernel {
                *value *= scale;
            }
        }
        let shift = bias.iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
        keep(name.to_owned(), shape, kernels);
        keep(format!("{conv}.bias"), &[*out], shift);
    }
    StateDict::from_tensors(tensors).unwrap()
}

#[test]
fn norms_may_be_folded_into_convolutions() {
    let image = Image::filled(300, 200, [10, 200, 90]).unwrap();
    let row = &rows()[0];
    let weights = checkpoint(row);
    let without = folded(&weights);
    assert!(without.len() < weights.len());
    let [found, needed] = [without, weights]
        .map(|weights| load(row, weights, None, LoadOptions::default()))
        .map(|loaded| answer(&loaded, image.clone()));
    for (found, needed) in found.iter().zip(&needed) {
        assert!((found - needed).abs() < 1e-5, "{found} {needed}");
    }
}

#[test]
fn checkpoints_on_their_own_are_recognised() {
    for row in rows() {
        let found = registry::recognise(&checkpoint(&row));
        let found = found.map(|(family, _)| family.architecture);
        let architecture = row["architecture"].as_str().unwrap();
        let name = row["name"].as_str().unwrap();
        if architecture == "resnet" || name.starts_with("timm") || name.contains("probe") {
            assert_eq!(found, Some(architecture), "{}", row["name"]);
        } else {
            assert_eq!(found, None, "{}: heads cannot be told", row["name"]);
        }
    }
}

/// Changes a package's `inference_config.json`, its other files, or what the caller wants.
type Change = dyn Fn(&mut Value, &mut Package, &mut LoadOptions);

#[test]
fn what_does_not_fit_is_named() {
    let rows: Vec<Value> = rows();
    let row = rows.iter().find(|row| row["name"] == "package resnet stretch softmax").unwrap();
    let error = |change: &Change| {
        let mut package = package(row).unwrap();
        let mut config = row["inference_config"].clone();
        let mut options = LoadOptions::default();
        change(&mut config, &mut package, &mut options);
        package.inference_config = Some(config.to_string());
        let weights = checkpoint(row);
        let family = registry::find("resnet", Task::Classification, "torch").unwrap();
        let request =
            LoadRequest { weights, package: Some(package), options, executor: executor() };
        (family.load)(&request).err().expect("an error").to_string()
    };
    let cases: [(&Change, &str); 5] = [
        (
            &|config, _, _| config["model_initialization"]["model_name"] = "resnet50".into(),
            "resnet18",
        ),
        (
            &|config, _, _| config["model_initialization"]["model_name"] = "resnet50d".into(),
            "resnet50d",
        ),
        (&|_, _, options| options.task = Some(Task::MultiLabelClassification), "sigmoid"),
        (&|_, _, options| options.task = Some(Task::ObjectDetection), "ObjectDetection"),
        (&|_, package, _| package.class_names.truncate(2), "2 names for the 3 classes"),
    ];
    for (change, part) in cases {
        let found = error(change);
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn trained_dinov2_makes_the_vectors_of_transformers() {
    let Some(shared) = shared("") else { return };
    let weights = StateDict::open(shared.join("weights/dinov2-small.safetensors")).unwrap();
    let (family, task) = registry::recognise(&weights).unwrap();
    assert_eq!((family.architecture, task), ("dinov2", Task::Embedding));
    let options = LoadOptions::default();
    let request = LoadRequest { weights, package: None, options, executor: executor() };
    let loaded = (family.load)(&request).unwrap();
    assert_eq!((&*loaded.variant, &loaded.unused), ("dinov2_small_patch14_518", &vec![]));
    let AnyModel::Embedding(model) = &loaded.model else { panic!("no encoder") };
    for (picture, golden) in goldens("dinov2-small.json").as_object().unwrap() {
        let image = Image::open(shared.join("images").join(picture)).unwrap();
        let ready = model.pre_process(&[image], &PreProcessOptions::default()).unwrap();
        let outputs = model.forward(&ready.input).unwrap();
        let limit = 1e-4 * list::<f32>(&golden["absmax"]);
        let tokens = outputs.get("tokens").unwrap().data();
        let places = sample_indices(tokens.len(), 256);
        let sampled: Vec<f32> = places.into_iter().map(|i| tokens[i]).collect();
        let vector = outputs.get("embedding").unwrap().data();
        for (found, key) in [(&*sampled, "tokens"), (vector, "embedding")] {
            let needed: Vec<f32> = list(&golden[key]);
            assert_eq!(found.len(), needed.len());
            let off = found.iter().zip(&needed).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            eprintln!("{picture}: {key}: {off:.1e} of {limit:.1e}");
            assert!(off <= limit, "{picture}: {key} is off by {off}, {limit} is allowed");
        }
    }
}

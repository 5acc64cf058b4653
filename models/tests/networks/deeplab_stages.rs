//! `DeepLabV3+` against `segmentation_models_pytorch`, stage by stage, with weights from a formula, and loading it.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the logits. The first stage that differs fails the
//! test and is named.

use std::slice;

use crate::common::served::Served;
use crate::common::{executor, stages};
use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Result, Value, Weights};
use ocelli_models::deeplab::{Config, ENCODERS, network};
use ocelli_models::{AnyModel, Error, LoadOptions, LoadRequest, Loaded, Package, registry};
use ocelli_vision::{Confidence, Image, InferOptions, PostProcessOptions, Size, Task};

/// One test a row, so that they are listed, filtered and timed apart.
macro_rules! rows {
    ($($test:ident: $name:literal,)*) => {
        $(#[test] fn $test() { compare($name, &Config::find($name, 3).unwrap()) })*
        const ROWS: &[&str] = &[$($name),*];
    };
}

rows! {
    resnet18: "resnet18",
    resnet34: "resnet34",
    resnet50: "resnet50",
    resnet101: "resnet101",
    resnet152: "resnet152",
    resnext50_32x4d: "resnext50_32x4d",
    resnext101_32x4d: "resnext101_32x4d",
    resnext101_32x8d: "resnext101_32x8d",
    mobilenet_v2: "mobilenet_v2",
    efficientnet_b0: "efficientnet-b0",
    efficientnet_b1: "efficientnet-b1",
    efficientnet_b2: "efficientnet-b2",
    efficientnet_b3: "efficientnet-b3",
    efficientnet_b4: "efficientnet-b4",
    efficientnet_b5: "efficientnet-b5",
    efficientnet_b6: "efficientnet-b6",
    efficientnet_b7: "efficientnet-b7",
}

#[test]
fn every_encoder_is_compared() {
    let missing: Vec<_> = ENCODERS.iter().filter(|row| !ROWS.contains(&row.name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn finer_last_maps() {
    for name in ["resnet18", "resnet50", "mobilenet_v2", "efficientnet-b0"] {
        let config = Config { output_stride: 8, ..Config::find(name, 3).unwrap() };
        compare(&format!("{name}-os8"), &config);
    }
}

#[test]
fn dense_dilated_convolutions() {
    let row = Config::find("resnet18", 3).unwrap();
    compare("resnet18-dense", &Config { separable: false, width: 64, ..row });
}

fn compare(case: &str, config: &Config) {
    stages::compare("deeplab", case, &["logits"], |g, w, x| describe(g, w, x, config));
}

fn describe(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Config,
) -> Result<Vec<(String, Value)>> {
    let net = network(g, w, image, config)?;
    Ok(net.stages.into_iter().chain([("logits".to_owned(), net.logits)]).collect())
}

fn checkpoint(config: &Config) -> StateDict {
    stages::checkpoint(|g, w, x| describe(g, w, x, config))
}

fn load(
    weights: StateDict,
    package: Option<Package>,
    options: LoadOptions,
) -> ocelli_models::Result<Loaded> {
    let (family, task) = registry::recognise(&weights).unwrap();
    assert_eq!((family.architecture, task), ("deep-lab-v3-plus", Task::SemanticSegmentation));
    let resolution = options.resolution.or(Some(Size::new(96, 64)));
    let options = LoadOptions { resolution, ..options };
    (family.load)(&LoadRequest { weights, package, options, executor: executor() })
}

/// What a package says of a network with `classes` logits on `encoder`.
fn package(encoder: &str, classes: usize, names: &[&str]) -> Package {
    let config = format!(
        r#"{{"network_input": {{"training_input_size": {{"height": 64, "width": 96}},
            "dynamic_spatial_size_supported": false, "color_mode": "rgb", "resize_mode": "stretch", "input_channels": 3,
            "scaling_factor": 255, "normalization": [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]}},
            "forward_pass": {{"static_batch_size": 1}},
            "model_initialization": {{"classes": {classes}, "in_channels": 3, "encoder_name": "{encoder}"}}}}"#
    );
    Package {
        inference_config: Some(config),
        class_names: names.iter().map(|&name| name.to_owned()).collect(),
        ..Package::default()
    }
}

/// The classes found in a picture, and how many pixels are sure of theirs.
fn classes(model: &AnyModel, confidence: Confidence) -> (Vec<u16>, usize) {
    let AnyModel::SemanticSegmentation(model) = model else { panic!("not a segmenter") };
    let image = Image::filled(50, 40, [200, 10, 10]).unwrap();
    let post_process = PostProcessOptions { confidence, ..PostProcessOptions::default() };
    let options = InferOptions { post_process, ..InferOptions::default() };
    let found = model.infer(&[image], &options).unwrap().remove(0);
    assert_eq!(found.class_map.len(), 2000);
    let sure = found.confidence.iter().filter(|&&score| score > 0.0).count();
    let mut classes = found.class_map;
    classes.sort_unstable();
    classes.dedup();
    (classes, sure)
}

#[test]
fn a_state_dict_is_recognised_and_answers() {
    for name in ["resnet18", "mobilenet_v2", "efficientnet-b0"] {
        let config = Config::find(name, 3).unwrap();
        let loaded = load(checkpoint(&config), None, LoadOptions::default()).unwrap();
        assert_eq!(loaded.variant, format!("deeplabv3plus-{name}"));
        assert!(loaded.unused.is_empty(), "{:?}", loaded.unused);
        assert_eq!(loaded.model.vision().class_names(), ["class0", "class1", "class2"]);
        let (_, sure) = classes(&loaded.model, Confidence::Default);
        assert_eq!(sure, 2000, "each pixel has its best class");
    }
}

#[test]
fn the_smaller_stride_is_asked_for() {
    let config = Config::find("resnet18", 3).unwrap();
    let model_type = Some("deeplabv3plus-resnet18-os8".to_owned());
    let options = LoadOptions { model_type, ..LoadOptions::default() };
    let loaded = load(checkpoint(&config), None, options).unwrap();
    assert_eq!(loaded.variant, "deeplabv3plus-resnet18-os8");
}

#[test]
fn a_package_names_its_background() {
    let config = Config::find("resnet18", 2).unwrap();
    let load = |package| load(checkpoint(&config), Some(package), LoadOptions::default());
    let names = ["a", "background", "b"];
    let loaded = load(package("resnet18", 2, &names)).unwrap();
    let (found, _) = classes(&loaded.model, Confidence::Value(0.0));
    assert!(found.iter().all(|&class| class != 1), "{found:?}: the background has no logit");
    let (found, sure) = classes(&loaded.model, Confidence::Value(1.0));
    assert_eq!((found, sure), (vec![1], 0), "no pixel is sure");

    let error = |package| load(package).err().unwrap();
    assert!(matches!(error(package("resnet18", 2, &["a", "b"])), Error::BadPackage(_)));
    assert!(matches!(error(package("resnet34", 2, &names)), Error::Contradiction { .. }));
    let unknown = error(package("tu-convnext_tiny", 2, &names));
    assert!(matches!(unknown, Error::Contradiction { .. }), "{unknown}");
}

#[test]
fn pictures_of_one_channel_are_an_error() {
    let config = Config { channels: 1, ..Config::find("resnet18", 2).unwrap() };
    let weights = checkpoint_of(&config, 1);
    let error = load(weights, None, LoadOptions::default()).err().unwrap();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
}

/// Like [`checkpoint`], for pictures of other channels.
fn checkpoint_of(config: &Config, channels: usize) -> StateDict {
    stages::checkpoint(|g, w, image| {
        let image = g.slice(image, 3, 0..channels)?;
        describe(g, w, image, config)
    })
}

/// The classes that `inference-models` gives to pixels, but for two of the 2000, and scores that are 1e-3 apart on average.
#[test]
fn a_package_answers_as_it_is_served() {
    let served = Served::open("deeplab", &["a", "background", "b", "c"]);
    let weights = checkpoint(&Config::find("resnet18", 3).unwrap());
    let options = LoadOptions { resolution: Some(Size::new(64, 64)), ..LoadOptions::default() };
    let loaded = load(weights, Some(served.package), options).unwrap();
    let AnyModel::SemanticSegmentation(model) = loaded.model else { panic!("not a segmenter") };
    for answer in served.answers {
        let found = model.infer(slice::from_ref(&served.image), &answer.options).unwrap().remove(0);
        let runs = answer.numbers("classes").into_iter().zip(answer.numbers("runs"));
        let needed = runs.flat_map(|(class, run)| vec![class as u16; run as usize]);
        let differing = found.class_map.iter().zip(needed).filter(|(a, b)| *a != b).count();
        assert!(differing <= 2, "{differing} pixels have other classes");
        let mean = found.confidence.iter().map(|&v| f64::from(v)).sum::<f64>() / 2000.0;
        assert!((mean - answer.found["confidence"].as_f64().unwrap()).abs() < 1e-3, "{mean}");
    }
}

//! YOLACT against the original, stage by stage, with weights from a formula, and loading it.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the results. The first stage that differs fails the
//! test and is named.

use crate::common::{loading, stages};
use ocelli_converters::{DType, StateDict};
use ocelli_engine::{Graph, Result, Value, Weights};
use ocelli_models::AnyModel;
use ocelli_models::yolact::{Config, network};
use ocelli_vision::{Size, Task};

#[test]
fn base() {
    compare("yolact_base", 80);
}

#[test]
fn resnet50() {
    compare("yolact_resnet50", 80);
}

#[test]
fn darknet53() {
    compare("yolact_darknet53", 80);
}

#[test]
fn resnet50_pascal() {
    compare("yolact_resnet50_pascal", 20);
}

fn compare(case: &str, classes: usize) {
    let config = Config::find(&case.replace('_', "-"), classes).unwrap();
    let results = ["protos", "boxes", "scores", "coefficients"];
    stages::compare("yolact", case, &results, |g, w, x| describe(g, w, x, &config));
}

fn describe(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Config,
) -> Result<Vec<(String, Value)>> {
    let net = network(g, w, image, config)?;
    let results = [
        ("protos", net.protos),
        ("boxes", net.boxes),
        ("scores", net.scores),
        ("coefficients", net.coefficients),
    ];
    let results = results.map(|(name, value)| (name.to_owned(), value));
    Ok(net.stages.into_iter().chain(results).collect())
}

#[test]
fn levels_with_heads_of_their_own_are_refused() {
    let config = Config::find("yolact-resnet50", 1).unwrap();
    let weights = stages::checkpoint(|g, w, x| describe(g, w, x, &config));
    let tensor = |tensor: &ocelli_converters::Tensor, name: String, by: f32| {
        let values = tensor.to_f32().unwrap();
        let bytes = values.iter().flat_map(|v| (v * by).to_le_bytes()).collect();
        (name, DType::F32, tensor.shape().to_vec(), bytes)
    };
    let with_another = |by: f32| {
        let first = weights.get("prediction_layers.0.bbox_layer.weight").unwrap();
        let second = tensor(first, first.name().replace(".0.", ".1."), by);
        let all = weights.tensors().map(|t| tensor(t, t.name().to_owned(), 1.0));
        let weights = StateDict::from_tensors(all.chain([second])).unwrap();
        let kind = ("yolact", Task::InstanceSegmentation);
        loading::load(kind, weights, None, Size::new(64, 64))
    };
    assert!(with_another(1.0).unwrap().unused.is_empty());
    let error = with_another(2.0).map(|loaded| loaded.variant).unwrap_err().to_string();
    assert!(error.contains("a head for each level"), "{error}");
}

#[test]
fn a_state_dict_is_recognised_and_answers() {
    let config = Config::find("yolact-resnet50", 3).unwrap();
    let weights = stages::checkpoint(|g, w, x| describe(g, w, x, &config));
    let kind = ("yolact", Task::InstanceSegmentation);
    let loaded = loading::load(kind, weights, None, Size::new(90, 70)).unwrap();
    assert_eq!(loaded.variant, "yolact-resnet50");
    assert!(loaded.unused.is_empty(), "{:?}", loaded.unused);
    let AnyModel::InstanceSegmentation(model) = loaded.model else { panic!("no masks") };
    assert_eq!(model.class_names(), ["class0", "class1", "class2"]);

    let found = model.infer(&[loading::picture()], &loading::over(0.0)).unwrap().remove(0);
    assert!(!found.detections.is_empty());
    assert_eq!(found.masks.len(), found.detections.len());
    assert!(found.detections.confidence.is_sorted_by(|a, b| a >= b));
}

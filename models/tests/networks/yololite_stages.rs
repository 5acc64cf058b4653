//! YOLO-Lite against the original, stage by stage, with weights from a formula, and loading it.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the results. The first stage that differs fails the
//! test and is named.

use std::slice;

use crate::common::served::Served;
use crate::common::{loading, stages};
use ocelli_engine::{Graph, Result, Value, Weights};
use ocelli_models::yololite::{Config, VARIANTS, network};
use ocelli_models::{AnyModel, Loaded, Package};
use ocelli_vision::{Detections, Size, Task};

/// One test a row, so that they are listed, filtered and timed apart.
macro_rules! rows {
    ($($test:ident: $name:literal,)*) => {
        $(#[test] fn $test() { compare($name, &config($name, 80)) })*
        const ROWS: &[&str] = &[$($name),*];
    };
}

rows! {
    edge_n: "edge-n",
    edge_s: "edge-s",
    edge_m: "edge-m",
    edge_l: "edge-l",
    edge_xl: "edge-xl",
    n: "n",
    s: "s",
    m: "m",
    l: "l",
    xl: "xl",
    v2_n: "v2-n",
    v2_s: "v2-s",
    v2_m: "v2-m",
    v2_l: "v2-l",
}

#[test]
fn every_row_is_compared() {
    let missing = |name: &&str| !ROWS.contains(&name.strip_prefix("yololite-").unwrap());
    let missing: Vec<_> = VARIANTS.iter().map(|row| row.name).filter(missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn more_levels_and_boxes() {
    for name in ["edge-n", "n"] {
        let row = config(name, 3);
        let config = Config { fine: true, coarse: true, anchors: [2, 1, 3], ..row };
        compare(&format!("{name}-levels"), &config);
    }
}

fn config(name: &str, classes: usize) -> Config {
    Config::find(&format!("yololite-{name}"), classes).unwrap()
}

fn compare(case: &str, config: &Config) {
    let results = ["boxes", "objectness", "classes"];
    stages::compare("yololite", case, &results, |g, w, x| describe(g, w, x, config));
}

fn describe(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Config,
) -> Result<Vec<(String, Value)>> {
    let net = network(g, w, image, config)?;
    let results = [("boxes", net.boxes), ("objectness", net.objectness), ("classes", net.classes)];
    Ok(net.stages.into_iter().chain(results.map(|(name, x)| (name.to_owned(), x))).collect())
}

fn load(config: &Config, package: Option<Package>) -> Loaded {
    load_at(config, package, Size::new(96, 64))
}

fn load_at(config: &Config, package: Option<Package>, size: Size) -> Loaded {
    let weights = stages::checkpoint(|g, w, x| describe(g, w, x, config));
    loading::load(("yololite", Task::ObjectDetection), weights, package, size).unwrap()
}

fn answers(model: &AnyModel, confidence: f32) -> Detections {
    let AnyModel::ObjectDetection(model) = model else { panic!("not a detector") };
    assert_eq!(model.class_names(), ["class0", "class1", "class2"]);
    model.infer(&[loading::picture()], &loading::over(confidence)).unwrap().remove(0)
}

#[test]
fn a_state_dict_is_recognised_and_answers() {
    for name in ["edge-n", "n", "v2-n"] {
        let loaded = load(&config(name, 3), None);
        assert_eq!(loaded.variant, format!("yololite-{name}"));
        assert!(loaded.unused.is_empty(), "{:?}", loaded.unused);
        let found = answers(&loaded.model, 0.0);
        assert!(!found.is_empty());
        assert!(found.confidence.is_sorted_by(|a, b| a >= b));
        assert!(found.xyxy.iter().all(|b| b[0] >= 0.0 && b[2] <= 50.0 && b[3] <= 40.0));
    }
}

#[test]
fn a_package_with_suppression_inside_keeps_its_constants() {
    let package = |post: &str| Package {
        inference_config: Some(format!(
            r#"{{"network_input": {{"training_input_size": {{"height": 64, "width": 96}},
                "dynamic_spatial_size_supported": false, "color_mode": "rgb", "resize_mode": "stretch",
                "input_channels": 3, "scaling_factor": 255, "normalization": [[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]}},
                "forward_pass": {{"static_batch_size": 1}}{post}}}"#
        )),
        class_names: ["class0", "class1", "class2"].map(str::to_owned).to_vec(),
        ..Package::default()
    };
    let config = config("edge-n", 3);
    let plain = answers(&load(&config, Some(package(""))).model, 0.0);
    let fused = r#", "post_processing": {"type": "nms", "fused": true, "nms_parameters": {"max_detections": 2,
        "confidence_threshold": 0.01, "iou_threshold": 0.3, "class_agnostic": 0}}"#;
    let fused = answers(&load(&config, Some(package(fused))).model, 0.0);
    assert!(plain.len() > 2);
    assert_eq!(fused.confidence, plain.confidence[..2]);
}

/// Scores within 1e-4 of what `inference-models` answers, boxes within the half pixel that it rounds away.
#[test]
fn a_package_answers_as_it_is_served() {
    let served = Served::open("yololite", &["class0", "class1", "class2"]);
    let loaded = load_at(&config("edge-n", 3), Some(served.package), Size::new(64, 64));
    let AnyModel::ObjectDetection(model) = loaded.model else { panic!("not a detector") };
    for answer in served.answers {
        let found = model.infer(slice::from_ref(&served.image), &answer.options).unwrap().remove(0);
        let (classes, scores) = (answer.numbers("class_id"), answer.numbers("confidence"));
        assert_eq!(found.len(), classes.len());
        for (i, (class, score)) in classes.iter().zip(scores).enumerate() {
            assert_eq!(found.class_id[i], *class as usize, "{i}");
            assert!((f64::from(found.confidence[i]) - score).abs() < 1e-4, "{i}");
            for (side, value) in found.xyxy[i].iter().enumerate() {
                let needed = answer.found["xyxy"][i][side].as_f64().unwrap();
                assert!((f64::from(*value) - needed).abs() < 0.51, "{i}: {value} {needed}");
            }
        }
    }
}

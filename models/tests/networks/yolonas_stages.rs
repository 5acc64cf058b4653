//! YOLO-NAS against the original, stage by stage, with weights from a formula, and loading it.
//!
//! Tolerance: `max|a - b| <= 1e-4 * max|b|` for each stage, 1e-3 for the results. The first stage that differs fails the
//! test and is named.

use crate::common::{loading, stages};
use ocelli_engine::{Graph, Result, Value, Weights};
use ocelli_models::AnyModel;
use ocelli_models::yolonas::{Config, network};
use ocelli_vision::{Size, Task};

#[test]
fn small() {
    compare("s");
}

#[test]
fn medium() {
    compare("m");
}

#[test]
fn large() {
    compare("l");
}

fn compare(letter: &str) {
    let config = Config::find(&format!("yolonas-{letter}"), 80).unwrap();
    stages::compare("yolonas", letter, &["boxes", "scores"], |g, w, x| describe(g, w, x, &config));
}

fn describe(
    g: &mut Graph,
    w: &Weights,
    image: Value,
    config: &Config,
) -> Result<Vec<(String, Value)>> {
    let net = network(g, w, image, config)?;
    let results = [("boxes".to_owned(), net.boxes), ("scores".to_owned(), net.scores)];
    Ok(net.stages.into_iter().chain(results).collect())
}

#[test]
fn a_state_dict_is_recognised_and_answers() {
    let config = Config::find("yolonas-s", 3).unwrap();
    let weights = stages::checkpoint(|g, w, x| describe(g, w, x, &config));
    let kind = ("yolonas", Task::ObjectDetection);
    let loaded = loading::load(kind, weights, None, Size::new(96, 64)).unwrap();
    assert_eq!(loaded.variant, "yolonas-s");
    assert!(loaded.unused.is_empty(), "{:?}", loaded.unused);
    let AnyModel::ObjectDetection(model) = loaded.model else { panic!("not a detector") };
    assert_eq!(model.class_names(), ["class0", "class1", "class2"]);

    let found = model.infer(&[loading::picture()], &loading::over(0.0)).unwrap().remove(0);
    assert!(!found.is_empty());
    assert!(found.confidence.is_sorted_by(|a, b| a >= b));
    assert!(found.xyxy.iter().all(|b| b[0] >= 0.0 && b[2] <= 50.0 && b[3] <= 40.0));
}

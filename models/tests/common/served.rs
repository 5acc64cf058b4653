//! What `inference-models` answered from a package, as `tests/reference/served.py` writes it.

use ocelli_models::Package;
use ocelli_vision::{Confidence, Image, InferOptions, PostProcessOptions};
use serde_json::Value;

use super::golden::of_crate;

/// The picture, the package and the answers of `models/tests/goldens/FAMILY/served.json`.
pub struct Served {
    pub image: Image,
    pub package: Package,
    pub answers: Vec<Answer>,
}

/// What was asked and what came.
pub struct Answer {
    pub options: InferOptions,
    pub found: Value,
}

impl Served {
    pub fn open(family: &str, class_names: &[&str]) -> Served {
        let folder = of_crate("tests/goldens").join(family);
        let text = std::fs::read_to_string(folder.join("served.json")).unwrap();
        let mut golden: Value = serde_json::from_str(&text).unwrap();
        let package = Package {
            inference_config: Some(golden["inference_config"].to_string()),
            class_names: class_names.iter().map(|&name| name.to_owned()).collect(),
            ..Package::default()
        };
        let Value::Array(answers) = golden["answers"].take() else { panic!("no answers") };
        let answer = |found: Value| Answer { options: options(&found["options"]), found };
        Served { image: picture(), package, answers: answers.into_iter().map(answer).collect() }
    }
}

impl Answer {
    /// A list of numbers of the answer.
    pub fn numbers(&self, key: &str) -> Vec<f64> {
        self.found[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
    }
}

fn options(said: &Value) -> InferOptions {
    let confidence = said["confidence"].as_f64().map(|value| Confidence::Value(value as f32));
    let post_process = PostProcessOptions {
        confidence: confidence.unwrap_or_default(),
        iou_threshold: said["iou_threshold"].as_f64().map(|value| value as f32),
        max_detections: said["max_detections"].as_u64().map(|value| value as usize),
        ..PostProcessOptions::default()
    };
    InferOptions { post_process, ..InferOptions::default() }
}

fn picture() -> Image {
    let (width, height) = (50, 40);
    let mut image = Image::filled(width, height, [0; 3]).unwrap();
    for (i, pixel) in image.pixels_mut().chunks_exact_mut(3).enumerate() {
        let (x, y) = (i % width, i / width);
        pixel.copy_from_slice(&[5 * x, 6 * y, x * y / 4].map(|value| value as u8));
    }
    image
}

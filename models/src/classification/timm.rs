//! How timm's `config.json` says that pictures are prepared: its evaluation transform.

use ocelli_vision::resize::Filter;
use ocelli_vision::{OddMargin, Size};
use serde_json::Value;

use super::transform::{IMAGENET, Resize, Transform};
use crate::{Error, Result};

/// The part of a picture that is seen where nothing says it.
const CROP: f64 = 0.875;

/// The transform of a `pretrained_cfg`.
pub(super) fn transform(config: &Value) -> Result<Transform> {
    let said = &config["pretrained_cfg"];
    let wrong = |key: &str| Error::BadPackage(format!("`config.json`: pretrained_cfg.{key}"));
    let three = |key: &str, usual: [f64; 3]| match &said[key] {
        Value::Null => Ok(usual),
        value => serde_json::from_value(value.clone()).map_err(|_| wrong(key)),
    };
    let [channels, height, width]: [usize; 3] = match &said["input_size"] {
        Value::Null => [3, 224, 224],
        value => serde_json::from_value(value.clone()).map_err(|_| wrong("input_size"))?,
    };
    let share = said["crop_pct"].as_f64().filter(|&share| share != 0.0).unwrap_or(CROP);
    let filter = match said["interpolation"].as_str().unwrap_or("bicubic") {
        "bilinear" => Filter::Bilinear,
        "bicubic" => Filter::Bicubic,
        "lanczos" => Filter::Lanczos,
        "hamming" => Filter::Hamming,
        "box" => Filter::Box,
        _ => return Err(wrong("interpolation")),
    };
    let before = |side: usize| (side as f64 / share).floor() as usize;
    let resize = match said["crop_mode"].as_str().unwrap_or("center") {
        "squash" => Resize::Exact(Size::new(before(width), before(height))),
        "center" if width == height => Resize::Shortest(before(width)),
        _ => return Err(wrong("crop_mode")),
    };
    if channels != 3 || !share.is_finite() || share < 0.0 {
        return Err(wrong(if channels == 3 { "crop_pct" } else { "input_size" }));
    }
    Ok(Transform {
        resize,
        filter,
        crop: Size::new(width, height),
        odd: OddMargin::ToEven,
        divisor: Some(255.0),
        normalisation: Some([three("mean", IMAGENET[0])?, three("std", IMAGENET[1])?]),
        floats: false,
    })
}

/// Names by class id, if there are any.
pub(super) fn labels(config: &Value) -> Option<Vec<String>> {
    let list = |key: &str| config.get(key).or_else(|| config["pretrained_cfg"].get(key));
    let names: Vec<String> = serde_json::from_value(list("label_names")?.clone()).ok()?;
    let described = list("label_descriptions").and_then(Value::as_object);
    let name = |name: String| match described.and_then(|texts| texts.get(&name)?.as_str()) {
        Some(text) => text.to_owned(),
        None => name,
    };
    Some(names.into_iter().map(name).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_config_of_timm_is_its_evaluation() {
        let config = json!({"architecture": "resnet50", "pretrained_cfg": {
            "input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.95,
            "crop_mode": "center", "mean": [0.5, 0.5, 0.5]}});
        let found = transform(&config).unwrap();
        assert_eq!((found.resize, found.filter), (Resize::Shortest(235), Filter::Bicubic));
        assert_eq!(found.normalisation, Some([[0.5; 3], IMAGENET[1]]));
        let usual = transform(&json!({})).unwrap();
        assert_eq!((usual.resize, usual.filter), (Resize::Shortest(256), Filter::Bicubic));
        let border = json!({"pretrained_cfg": {"crop_mode": "border"}});
        assert!(transform(&border).unwrap_err().to_string().contains("crop_mode"));
    }

    #[test]
    fn labels_are_described_where_they_are() {
        let config = json!({"label_names": ["n1", "n2"], "label_descriptions": {"n2": "cat"}});
        assert_eq!(labels(&config).unwrap(), ["n1", "cat"]);
        assert!(labels(&json!({})).is_none());
    }
}

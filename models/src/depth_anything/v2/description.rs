//! What stands beside the weights: `config.json` and `preprocessor_config.json` of `transformers`, and what a package of
//! ours says in their place.

use ocelli_vision::Size;
use ocelli_vision::resize::Filter;
use serde_json::Value;

use super::config::Depth;
use crate::depth_anything::fit::{Fit, Way};
use crate::{Error, Result};

/// What `config.json` says beyond the tensors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    /// Of the encoder, in the words of `transformers`; null if nothing is said.
    pub(super) encoder: Value,
    pub(super) layers: Option<[usize; 4]>,
    pub(super) depth: Depth,
}

fn wrong(key: &str, value: &Value) -> Error {
    Error::BadPackage(format!("`config.json`: {key} {value} is not known"))
}

/// Reads a `config.json`.
pub(super) fn described(config: &Value) -> Result<Described> {
    for (key, usual) in [("head_in_index", -1_i64), ("patch_size", 14)] {
        if !config[key].is_null() && config[key].as_i64() != Some(usual) {
            return Err(wrong(key, &config[key]));
        }
    }
    let factors = &config["reassemble_factors"];
    let usual = [4.0, 2.0, 1.0, 0.5];
    let factor = |(i, usual): (usize, f64)| factors[i].as_f64() == Some(usual);
    if !factors.is_null() && !usual.into_iter().enumerate().all(factor) {
        return Err(wrong("reassemble_factors", factors));
    }
    let encoder = config["backbone_config"].clone();
    if !encoder.is_null() && encoder["model_type"] != "dinov2" {
        return Err(wrong("backbone_config.model_type", &encoder["model_type"]));
    }
    if encoder["apply_layernorm"] == false {
        return Err(wrong("backbone_config.apply_layernorm", &encoder["apply_layernorm"]));
    }
    let farthest = match &config["max_depth"] {
        Value::Null => 1.0,
        value => {
            value.as_f64().filter(|v| v.is_finite()).ok_or_else(|| wrong("max_depth", value))?
        }
    };
    let farthest = if farthest == 0.0 { 1.0 } else { farthest as f32 };
    let depth = match config["depth_estimation_type"].as_str() {
        None | Some("relative") => Depth::Relative(farthest),
        Some("metric") => Depth::Metric(farthest),
        Some(_) => return Err(wrong("depth_estimation_type", &config["depth_estimation_type"])),
    };
    Ok(Described { layers: layers(&encoder)?, encoder, depth })
}

/// `out_indices`, or the numbers behind `out_features`.
fn layers(encoder: &Value) -> Result<Option<[usize; 4]>> {
    let (indices, names) = (&encoder["out_indices"], &encoder["out_features"]);
    let found: Option<Vec<usize>> = match (indices.as_array(), names.as_array()) {
        (Some(list), _) => list.iter().map(|value| usize::try_from(value.as_u64()?).ok()).collect(),
        (None, Some(list)) => {
            list.iter().map(|name| name.as_str()?.strip_prefix("stage")?.parse().ok()).collect()
        }
        (None, None) => return Ok(None),
    };
    let four = found.and_then(|found| found.try_into().ok());
    four.map(Some).ok_or_else(|| wrong("out_indices", indices))
}

/// Reads a `preprocessor_config.json`.
pub(in crate::depth_anything) fn processor(config: &Value) -> Result<Fit> {
    let wrong = |key: &str| {
        let value = &config[key];
        Error::BadPackage(format!("`preprocessor_config.json`: {key} {value} is not known"))
    };
    let name = ["image_processor_type", "feature_extractor_type"];
    let name = name.iter().find_map(|key| config[key].as_str()).unwrap_or("DPTImageProcessor");
    if !matches!(name, "DPTImageProcessor" | "DPTImageProcessorFast" | "DPTFeatureExtractor") {
        return Err(wrong("image_processor_type"));
    }
    let on = |key: &str, usual: bool| config[key].as_bool().unwrap_or(usual);
    for (key, needed) in [("do_resize", true), ("do_pad", false), ("do_center_crop", false)] {
        if on(key, needed) != needed {
            return Err(wrong(key));
        }
    }
    let count = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let size = match &config["size"] {
        Value::Null => Size::new(384, 384),
        value => match (count(value), count(&value["width"]), count(&value["height"])) {
            (Some(side), ..) => Size::new(side, side),
            (None, Some(width), Some(height)) => Size::new(width, height),
            _ => return Err(wrong("size")),
        },
    };
    let filter = match config["resample"].as_u64() {
        None if config["resample"].is_null() => Filter::Bicubic,
        Some(3) => Filter::Bicubic,
        Some(2) => Filter::Bilinear,
        _ => return Err(wrong("resample")),
    };
    let multiple = match &config["ensure_multiple_of"] {
        Value::Null => 1,
        value => count(value).filter(|&n| n > 0).ok_or_else(|| wrong("ensure_multiple_of"))?,
    };
    let factor = match &config["rescale_factor"] {
        Value::Null => 1.0 / 255.0,
        value => value.as_f64().filter(|&v| v != 0.0).ok_or_else(|| wrong("rescale_factor"))?,
    };
    let three = |key: &str| -> Result<[f64; 3]> {
        match &config[key] {
            Value::Null => Ok([0.5; 3]),
            value => serde_json::from_value(value.clone()).map_err(|_| wrong(key)),
        }
    };
    let normalisation = [three("image_mean")?, three("image_std")?];
    Ok(Fit {
        size,
        keep_aspect_ratio: on("keep_aspect_ratio", false),
        multiple,
        way: Way::Processor(filter),
        factor: on("do_rescale", true).then_some(factor),
        normalisation: on("do_normalize", true).then_some(normalisation),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_said_is_understood_or_named() {
        let config = json!({"backbone_config": {"model_type": "dinov2", "out_indices": [3, 6, 9, 12]},
            "depth_estimation_type": "metric", "max_depth": 80});
        let found = described(&config).unwrap();
        assert_eq!((found.layers, found.depth), (Some([3, 6, 9, 12]), Depth::Metric(80.0)));
        let names = json!({"backbone_config": {"model_type": "dinov2",
            "out_features": ["stage5", "stage12", "stage18", "stage24"]}});
        assert_eq!(described(&names).unwrap().layers, Some([5, 12, 18, 24]));
        assert_eq!(described(&json!({})).unwrap().depth, Depth::Relative(1.0));
        for (config, part) in [
            (json!({"backbone_config": {"model_type": "swin"}}), "swin"),
            (json!({"depth_estimation_type": "odd"}), "odd"),
            (json!({"reassemble_factors": [8, 2, 1, 0.5]}), "reassemble_factors"),
            (json!({"backbone_config": {"model_type": "dinov2", "out_indices": [1]}}), "[1]"),
        ] {
            let error = described(&config).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn processors_have_their_defaults() {
        let small =
            processor(&json!({"size": {"height": 518, "width": 518}, "keep_aspect_ratio": true,
            "ensure_multiple_of": 14, "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225], "resample": 3}));
        assert_eq!(small.unwrap(), Fit::usual(Way::Processor(Filter::Bicubic)));
        let plain = processor(&json!({})).unwrap();
        assert_eq!((plain.size, plain.multiple), (Size::new(384, 384), 1));
        for key in ["do_pad", "resample", "size", "image_mean", "ensure_multiple_of"] {
            let value = if key == "do_pad" { json!(true) } else { json!("odd") };
            let error = processor(&json!({ key: value })).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        }
    }
}

//! How `preprocessor_config.json` says that pictures are prepared: the image processors of `transformers`.

use ocelli_vision::resize::Filter;
use ocelli_vision::{OddMargin, Size};
use serde_json::Value;

use super::transform::{IMAGENET, Resize, Transform};
use crate::{Error, Result};

/// Of processors that scale to -1..1.
pub(crate) const HALF: [[f64; 3]; 2] = [[0.5; 3]; 2];
/// CLIP's means and deviations.
pub(crate) const CLIP: [[f64; 3]; 2] =
    [[0.481_454_66, 0.457_827_5, 0.408_210_73], [0.268_629_54, 0.261_302_58, 0.275_777_11]];

/// A processor's defaults.
struct Processor {
    name: &'static str,
    edge: usize,
    crop: Option<usize>,
    filter: Filter,
    normalisation: [[f64; 3]; 2],
    /// Whether a size that is a number means both sides.
    square: bool,
    /// Whether sizes below 384 are cut out of a larger picture.
    shares: bool,
    /// Whether bytes are made floats first.
    floats: bool,
}

const PROCESSORS: [Processor; 5] = [
    Processor {
        name: "DINOv3ViT",
        edge: 224,
        crop: None,
        filter: Filter::Bilinear,
        normalisation: IMAGENET,
        square: true,
        shares: false,
        floats: true,
    },
    Processor {
        name: "ViT",
        edge: 224,
        crop: None,
        filter: Filter::Bilinear,
        normalisation: HALF,
        square: true,
        shares: false,
        floats: false,
    },
    Processor {
        name: "ConvNext",
        edge: 384,
        crop: None,
        filter: Filter::Bicubic,
        normalisation: HALF,
        square: false,
        shares: true,
        floats: false,
    },
    Processor {
        name: "CLIP",
        edge: 224,
        crop: Some(224),
        filter: Filter::Bicubic,
        normalisation: CLIP,
        square: false,
        shares: false,
        floats: false,
    },
    Processor {
        name: "Bit",
        edge: 224,
        crop: Some(224),
        filter: Filter::Bicubic,
        normalisation: CLIP,
        square: false,
        shares: false,
        floats: false,
    },
];

/// The transform of a processor; `usual` is the one of models that come without the file.
pub(super) fn processor(config: Option<&Value>, usual: &Transform) -> Result<Transform> {
    let Some(config) = config else { return Ok(usual.clone()) };
    let name = ["image_processor_type", "feature_extractor_type"]
        .iter()
        .find_map(|key| config[key].as_str())
        .unwrap_or("ViTImageProcessor");
    let plain = name.trim_end_matches("Fast").trim_end_matches("Pil");
    let base = plain.trim_end_matches("ImageProcessor").trim_end_matches("FeatureExtractor");
    let row = PROCESSORS.iter().find(|row| row.name == base);
    let row =
        row.ok_or_else(|| wrong("image_processor_type", &format!("`{name}` is not known")))?;
    let (resize, crop) = sizes(config, row)?;
    let factor = match &config["rescale_factor"] {
        Value::Null => None,
        value => Some(value.as_f64().filter(|&factor| factor != 0.0))
            .ok_or_else(|| wrong("rescale_factor", "is no number"))?,
    };
    // 1/255 as a decimal is not quite 1/255: bytes are divided by 255 itself.
    let divisor = factor.map_or(255.0, |factor| 1.0 / factor);
    let divisor = if (divisor - 255.0).abs() < 1e-6 { 255.0 } else { divisor };
    let (filter, floats) = (filter(config, row)?, row.floats);
    if floats && (filter, resize) != (Filter::Bilinear, Resize::Exact(crop)) {
        return Err(wrong("resample", "floats are known to be resized bilinearly, without a crop"));
    }
    Ok(Transform {
        resize,
        filter,
        crop,
        odd: OddMargin::Down,
        divisor: on(config, "do_rescale").then_some(divisor),
        normalisation: on(config, "do_normalize").then_some(normalisation(config, row)?),
        floats,
    })
}

/// Whether a step is taken, which it is unless it is said not to be.
fn on(config: &Value, key: &str) -> bool {
    config[key].as_bool().unwrap_or(true)
}

fn wrong(key: &str, reason: &str) -> Error {
    Error::BadPackage(format!("`preprocessor_config.json`: {key}: {reason}"))
}

/// The resize and the size that is cut out.
fn sizes(config: &Value, row: &Processor) -> Result<(Resize, Size)> {
    let resizes = on(config, "do_resize");
    let cuts = config["do_center_crop"].as_bool().unwrap_or(row.crop.is_some());
    let crop = match &config["crop_size"] {
        Value::Null => row.crop.map(|side| Size::new(side, side)),
        value => match extent(value, true).ok_or_else(|| wrong("crop_size", "is no size"))? {
            Resize::Exact(size) => Some(size),
            _ => return Err(wrong("crop_size", "is no size")),
        },
    };
    let crop = crop.filter(|_| cuts);
    let usual = Value::from(row.edge);
    let said = if config["size"].is_null() { &usual } else { &config["size"] };
    let size = extent(said, row.square).ok_or_else(|| wrong("size", "is no size"))?;
    let (resize, seen) = match size {
        _ if !resizes => (Resize::Keep, None),
        Resize::Shortest(edge) if row.shares => {
            let square = Size::new(edge, edge);
            if edge >= 384 {
                (Resize::Exact(square), Some(square))
            } else {
                let share = config["crop_pct"].as_f64().unwrap_or(224.0 / 256.0);
                if !(share.is_finite() && share > 0.0) {
                    return Err(wrong("crop_pct", "is no share of a picture"));
                }
                (Resize::Shortest((edge as f64 / share) as usize), Some(square))
            }
        }
        Resize::Exact(exact) => (size, Some(exact)),
        other => (other, None),
    };
    match (crop, seen) {
        (Some(crop), Some(seen)) if row.shares && crop != seen => {
            Err(wrong("crop_size", "a second crop is not known"))
        }
        (Some(size), _) | (None, Some(size)) => Ok((resize, size)),
        (None, None) => Err(wrong("size", "inputs that follow the picture are not known")),
    }
}

/// A number, a height and a width, or a shortest edge.
fn extent(value: &Value, square: bool) -> Option<Resize> {
    let count = |value: &Value| usize::try_from(value.as_u64()?).ok();
    if let Some(edge) = count(value) {
        let size = Size::new(edge, edge);
        return Some(if square { Resize::Exact(size) } else { Resize::Shortest(edge) });
    }
    if let Some(edge) = count(&value["shortest_edge"]) {
        return value["longest_edge"].is_null().then_some(Resize::Shortest(edge));
    }
    Some(Resize::Exact(Size::new(count(&value["width"])?, count(&value["height"])?)))
}

/// Pillow's numbers for its filters.
fn filter(config: &Value, row: &Processor) -> Result<Filter> {
    match &config["resample"] {
        Value::Null => Ok(row.filter),
        value => match value.as_u64() {
            Some(1) => Ok(Filter::Lanczos),
            Some(2) => Ok(Filter::Bilinear),
            Some(3) => Ok(Filter::Bicubic),
            Some(4) => Ok(Filter::Box),
            Some(5) => Ok(Filter::Hamming),
            _ => Err(wrong("resample", &format!("{value} is not one of 1 to 5"))),
        },
    }
}

fn normalisation(config: &Value, row: &Processor) -> Result<[[f64; 3]; 2]> {
    let three = |key: &str, usual: [f64; 3]| match &config[key] {
        Value::Null => Ok(usual),
        Value::Number(one) => Ok([one.as_f64().unwrap_or_default(); 3]),
        list => serde_json::from_value(list.clone()).map_err(|_| wrong(key, "is no list of three")),
    };
    let [mean, deviation] = row.normalisation;
    Ok([three("image_mean", mean)?, three("image_std", deviation)?])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(config: &Value) -> Result<Transform> {
        processor(Some(config), &Transform::torchvision(256, 224, Filter::Bilinear))
    }

    #[test]
    fn processors_have_their_defaults() {
        let size = |side| Size::new(side, side);
        let rows = [
            (
                json!({"image_processor_type": "ViTImageProcessor", "size": 384}),
                Resize::Exact(size(384)),
                384,
            ),
            (
                json!({"feature_extractor_type": "ViTFeatureExtractor"}),
                Resize::Exact(size(224)),
                224,
            ),
            (
                json!({"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.875}),
                Resize::Shortest(256),
                224,
            ),
            (
                json!({"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}}),
                Resize::Exact(size(384)),
                384,
            ),
            (
                json!({"image_processor_type": "BitImageProcessorFast", "size": {"shortest_edge": 256},
                       "crop_size": {"height": 224, "width": 224}}),
                Resize::Shortest(256),
                224,
            ),
        ];
        for (config, resize, side) in rows {
            let found = read(&config).unwrap();
            assert_eq!((found.resize, found.crop), (resize, size(side)), "{config}");
        }
    }

    #[test]
    fn what_is_not_known_is_named() {
        let rows = [
            (json!({"image_processor_type": "OwlImageProcessor"}), "OwlImageProcessor"),
            (json!({"resample": 0}), "resample"),
            (json!({"size": "big"}), "size"),
            (
                json!({"image_processor_type": "BitImageProcessor", "do_center_crop": false}),
                "follow",
            ),
            (json!({"image_mean": [1, 2]}), "image_mean"),
        ];
        for (config, part) in rows {
            let error = read(&config).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}

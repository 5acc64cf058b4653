use std::path::Path;

use serde_json::Value;

use super::super::{processor::processor, timm};
use super::*;
use crate::lent::shared;

#[test]
fn another_size_keeps_the_view() {
    let usual = Transform::torchvision(256, 224, Filter::Bilinear);
    let twice = usual.at(Size::new(448, 448));
    assert_eq!((twice.resize, twice.crop), (Resize::Shortest(512), Size::new(448, 448)));
    assert_eq!(twice.at(Size::new(224, 224)), usual);
    assert!(usual.check().is_ok());
    assert!(usual.at(Size::new(0, 224)).check().is_err());
    assert!(usual.at(Size::new(9000, 224)).check().is_err());
}

/// torchvision and timm work on Pillow's pictures and are met bit for bit; so are transformers' processors of Pillow's
/// pictures, but for the last bits of the arithmetic, and those of tensors within one of 255 steps.
#[test]
fn pictures_are_prepared_as_the_originals_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/classification");
    let text = std::fs::read(path.join("transforms.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&text).unwrap();
    for row in rows {
        let transform = transform_of(&row);
        let whose = row["whose"].as_str().unwrap();
        for (picture, golden) in row["pictures"].as_object().unwrap() {
            let Some(file) = shared(&format!("images/{picture}")) else { return };
            let image = Image::open(file).unwrap();
            let ready = transform.run(&[image], &PreProcessOptions::default()).unwrap().input;
            let shape: Vec<usize> = serde_json::from_value(golden["shape"].clone()).unwrap();
            assert_eq!(ready.shape()[1..], shape, "{row}");
            let exact = !whose.starts_with("transformers");
            if exact {
                assert_eq!(
                    hash(ready.data()),
                    golden["hash"].as_str().unwrap(),
                    "{picture} {whose}"
                );
            }
            let [_, deviation] = transform.normalisation.unwrap();
            let step = if whose == "transformers" { 1.01 / 255.0 / deviation[1] } else { 1e-5 };
            let samples: Vec<f32> = serde_json::from_value(golden["samples"].clone()).unwrap();
            for (i, needed) in samples.iter().enumerate() {
                let found =
                    ready.data()[(splitmix64(i as u64) % ready.data().len() as u64) as usize];
                let off = f64::from((found - needed).abs());
                assert!(off <= step * 1.05, "{whose} {}: {picture}: {found} {needed}", row["said"]);
            }
        }
    }
}

fn transform_of(row: &Value) -> Transform {
    let said = &row["said"];
    let side = |key: &str| usize::try_from(said[key].as_u64().unwrap()).unwrap();
    let bicubic = said["filter"] == "bicubic";
    let filter = if bicubic { Filter::Bicubic } else { Filter::Bilinear };
    match row["whose"].as_str().unwrap() {
        "torchvision" => Transform::torchvision(side("edge"), side("side"), filter),
        "timm" => timm::transform(said).unwrap(),
        _ => processor(Some(said), &Transform::torchvision(1, 1, filter)).unwrap(),
    }
}

/// FNV-1a of the words.
fn hash(values: &[f32]) -> String {
    let mix =
        |hash: u64, value: &f32| (hash ^ u64::from(value.to_bits())).wrapping_mul(0x100_0000_01B3);
    format!("{:016x}", values.iter().fold(0xCBF2_9CE4_8422_2325, mix))
}

/// The rule of `tests/reference/formula.py` for samples.
fn splitmix64(x: u64) -> u64 {
    let x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

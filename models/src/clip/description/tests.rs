use std::path::Path;

use ocelli_vision::{Image, PreProcessOptions};

use super::*;
use crate::clip::Row;
use crate::lent::shared;

/// FNV-1a of words.
fn hash(values: &[f32]) -> String {
    let value = values.iter().fold(0xCBF2_9CE4_8422_2325_u64, |value, word| {
        (value ^ u64::from(word.to_bits())).wrapping_mul(0x100_0000_01B3)
    });
    format!("{value:016x}")
}

#[test]
fn pictures_are_prepared_as_the_authors_do_bit_for_bit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens/clip/transforms.json");
    let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for row in rows {
        let perception = row["architecture"] == "perception-encoder";
        let name = if perception { "PE-Core-B16-224" } else { "ViT-B-16" };
        let config = Row::find(name).unwrap().config(Activation::Gelu);
        let side = row["side"].as_u64().unwrap() as usize;
        let size = ocelli_vision::Size::new(side, side);
        let transform = transform(&Beside::default(), &config).unwrap().at(size);
        for (picture, golden) in row["pictures"].as_object().unwrap() {
            let Some(file) = shared(&format!("images/{picture}")) else { return };
            let image = Image::open(file).unwrap();
            let ready = transform.run(&[image], &PreProcessOptions::default()).unwrap();
            assert_eq!(hash(ready.input.data()), *golden, "{picture} {name} {side}");
        }
    }
}

//! Inputs as in `tests/reference/yolo_vision.py`.

use super::*;
use crate::testing::{floats, fnv, fractions, goldens, size};
use crate::{Letterbox, StaticCropOffset};

const COUNT: usize = 6;
const CHANNELS: usize = 8;

fn boxes(grid: Size) -> Vec<[f32; 4]> {
    let (width, height) = (grid.width as f32 * 4.0, grid.height as f32 * 4.0);
    let corners = |&[x, y, w, h]: &[f32; 4]| {
        [x * width, y * height, (x + w / 2.0) * width, (y + h / 2.0) * height]
    };
    fractions(COUNT * 4, 61).as_chunks::<4>().0.iter().map(corners).collect()
}

fn metadata(from: Size, canvas: Size) -> PreProcessingMetadata {
    let image = crate::Image::filled(from.width, from.height, [0; 3]).unwrap();
    let fitted = Letterbox { size: canvas, stride: None, border: 0 }.fit(&image).unwrap();
    let part = StaticCropOffset { x: 0, y: 0, size: from };
    let mut metadata = PreProcessingMetadata::fitted(from, part, canvas);
    metadata.padding = fitted.padding;
    (metadata.scale_width, metadata.scale_height) = fitted.scale;
    metadata
}

#[test]
fn masks_are_those_of_the_originals() {
    for row in goldens("yolo_masks.json") {
        let of = |key: &str| {
            let (width, height) = size(&row, key);
            Size { width, height }
        };
        let (from, canvas) = (of("from"), of("canvas"));
        let grid = Size::new(canvas.width / 4, canvas.height / 4);
        let values = floats(grid.pixels() * CHANNELS, 63);
        let protos = Prototypes::new(&values, grid, CHANNELS).unwrap();
        let coefficients = floats(COUNT * CHANNELS, 62);
        let boxes = boxes(grid);
        let instances: Vec<Coefficients<'_>> =
            coefficients.chunks_exact(CHANNELS).zip(boxes).collect();
        let what = format!("{from} {canvas} {}", row["way"]);
        let way = match row["way"].as_str().unwrap() {
            "native" => {
                let metadata = metadata(from, canvas);
                let found = protos.native_masks(&instances, &metadata).unwrap();
                for (i, mask) in found.iter().enumerate() {
                    assert_eq!(
                        mask.area() as u64,
                        row["areas"][i].as_u64().unwrap(),
                        "{what}: {i}"
                    );
                    let bits = mask.to_bitmap();
                    let at = |i: usize| u8::from(bits.get(i % from.width, i / from.width));
                    let bytes: Vec<u8> = (0..from.pixels()).map(at).collect();
                    assert_eq!(fnv(&bytes), row["hashes"][i].as_str().unwrap(), "{what}: {i}");
                }
                continue;
            }
            "smooth" => MaskValues::Smooth,
            _ => MaskValues::Logits,
        };
        let found: Vec<f32> = instances.iter().flat_map(|i| protos.cut(*i, way).unwrap()).collect();
        let needed: Vec<f32> = serde_json::from_value(row["values"].clone()).unwrap();
        let step = (found.len() / 200).max(1);
        for (found, needed) in found.iter().step_by(step).zip(needed) {
            assert!(
                (found - needed).abs() <= 1e-4 * needed.abs().max(1.0),
                "{what}: {found} {needed}"
            );
        }
    }
}

#[test]
fn wrong_lengths_are_errors() {
    assert!(Prototypes::new(&[0.0; 7], Size::new(2, 2), 2).is_err());
    assert!(Prototypes::new(&[], Size::new(2, 2), 0).is_err());
    let protos = Prototypes::new(&[0.0; 8], Size::new(2, 2), 2).unwrap();
    let metadata = metadata(Size::new(8, 8), Size::new(8, 8));
    let one: [Coefficients<'_>; 1] = [(&[0.0; 3], [0.0; 4])];
    assert!(protos.native_masks(&one, &metadata).is_err());
    assert!(protos.masks(&one, &metadata, MaskValues::Smooth).is_err());
}

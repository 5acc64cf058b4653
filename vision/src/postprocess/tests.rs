use proptest::prelude::*;
use serde_json::Value;

use super::detr::{Columns, select};
use super::*;
use crate::testing::{floats, fnv, fractions, goldens, size};
use crate::{
    MaskFormat, Masks, Padding, PreProcessingMetadata, Size, StaticCropOffset, Thresholds, boxes,
};

/// The `metadata` of `tests/reference/vision.py`.
fn metadata(row: &Value) -> PreProcessingMetadata {
    let of = |key: &str| {
        let (width, height) = size(row, key);
        Size { width, height }
    };
    let numbers: Vec<usize> = serde_json::from_value(row["crop"].clone()).unwrap();
    let padding: Vec<isize> = serde_json::from_value(row["padding"].clone()).unwrap();
    let part =
        StaticCropOffset { x: numbers[0], y: numbers[1], size: Size::new(numbers[2], numbers[3]) };
    let mut metadata = PreProcessingMetadata::fitted(of("original"), part, of("inference"));
    let [left, top, right, bottom] = padding[..] else { panic!("four sides") };
    metadata.padding = Padding { left, top, right, bottom };
    metadata.scale_width = row["scale"][0].as_f64().unwrap() as f32;
    metadata.scale_height = row["scale"][1].as_f64().unwrap() as f32;
    if row["intermediate"].is_array() {
        metadata.nonsquare_intermediate_size = Some(of("intermediate"));
    }
    metadata
}

fn grid(row: &Value) -> Size {
    let (width, height) = size(row, "grid");
    Size { width, height }
}

fn query_boxes(queries: usize, seed: u64) -> Vec<f32> {
    let half = |(i, v): (usize, f32)| if i % 4 < 2 { v } else { v / 2.0 };
    fractions(queries * 4, seed).into_iter().enumerate().map(half).collect()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= tolerance * b.abs().max(1.0), "{what} at {i}: {a} {b}");
    }
}

#[test]
fn suppression_is_that_of_torchvision() {
    for row in goldens("nms.json") {
        let count = row["count"].as_u64().unwrap() as usize;
        let corners: Vec<[f32; 4]> = query_boxes(count, 11)
            .as_chunks::<4>()
            .0
            .iter()
            .map(|b| boxes::cxcywh_to_xyxy(b.map(|v| v * 640.0)))
            .collect();
        let scores: Vec<f32> =
            fractions(count, 12).iter().map(|v| (v * 64.0).floor() / 64.0).collect();
        let modulo = row["classes"].as_u64().unwrap() as u32;
        let classes: Vec<usize> =
            crate::testing::noise(count, 13).map(|v| (v % modulo) as usize).collect();
        let threshold = row["threshold"].as_f64().unwrap() as f32;
        let keep = nms(&corners, &scores, &classes, threshold, usize::MAX);
        assert_eq!(keep, list::<Vec<usize>>(&row["keep"]), "{count} boxes");
        assert_eq!(nms(&corners, &scores, &classes, threshold, 5), keep[..5]);
    }
}

#[test]
fn masks_are_those_of_inference_models() {
    for row in goldens("masks.json") {
        let (grid, threshold) = (grid(&row), row["threshold"].as_f64().unwrap() as f32);
        let maps = floats(3 * grid.pixels(), 21);
        let maps: Vec<&[f32]> = maps.chunks_exact(grid.pixels()).collect();
        let found = align_masks(&maps, grid, &metadata(&row), threshold, MaskFormat::Rle).unwrap();
        let counts: Vec<String> = found.to_rle().iter().map(crate::Rle::to_compressed).collect();
        let what = format!("{} from {grid}", row["way"]);
        assert_eq!(&counts[0][..counts[0].len().min(80)], row["first"].as_str().unwrap(), "{what}");
        let hashes: Vec<String> = counts.iter().map(|c| fnv(c.as_bytes())).collect();
        assert_eq!(hashes, list::<Vec<String>>(&row["hashes"]), "{what}");

        let dense = align_masks(&maps, grid, &metadata(&row), threshold, MaskFormat::Dense);
        assert_eq!(Masks::Rle(dense.unwrap().to_rle()), found, "{what}");
    }
}

#[test]
fn detections_are_those_of_inference_models() {
    let (queries, classes) = (100, 5);
    let logits: Vec<f32> = fractions(queries * classes, 31).iter().map(|v| v * 8.0 - 6.0).collect();
    for row in goldens("detection.json") {
        let thresholds = Thresholds::Uniform(0.6);
        let selected =
            select(&logits, classes, queries, Columns::Below(4), &thresholds, usize::MAX).unwrap();
        let found =
            detr::detections(&selected, &query_boxes(queries, 32), &metadata(&row)).unwrap();
        let what = row["way"].to_string();
        assert_eq!(found.rounded(), list::<Vec<[i32; 4]>>(&row["xyxy"]), "{what}");
        assert_eq!(found.class_id, list::<Vec<usize>>(&row["class_id"]), "{what}");
        assert_close(&found.confidence, &list::<Vec<f32>>(&row["confidence"]), 1e-6, &what);
    }
}

#[test]
fn key_points_are_those_of_inference_models() {
    let (queries, classes, slots) = (20, 2, 2);
    let logits: Vec<f32> = fractions(queries * classes, 41).iter().map(|v| v * 8.0 - 4.0).collect();
    let place = |(i, v): (usize, f32)| if i % 8 < 2 { v } else { v * 4.0 - 1.5 };
    let points: Vec<f32> =
        fractions(queries * classes * slots * 8, 43).into_iter().enumerate().map(place).collect();
    let boxes = query_boxes(queries, 42);
    let heads = KeyPointHeads { queries, classes, logits: &logits, boxes: &boxes, points: &points };
    for row in goldens("key_points.json") {
        let selection = KeyPointSelection {
            columns: Columns::Mapped(&[None, Some(0)]),
            thresholds: &Thresholds::Uniform(0.4),
            key_points_threshold: 0.62,
            points_of_class: &[2],
            candidates: usize::MAX,
            max_detections: usize::MAX,
        };
        let found = key_points(&heads, &selection, &metadata(&row)).unwrap();
        let what = row["way"].to_string();
        assert!(!found.is_empty());
        assert_eq!(found.rounded(), list::<Vec<Vec<[i32; 2]>>>(&row["xy"]), "{what}");
        let corners: Vec<[i32; 4]> = found.xyxy.iter().map(|&b| boxes::round(b)).collect();
        assert_eq!(corners, list::<Vec<[i32; 4]>>(&row["xyxy"]), "{what}");
        assert_close(&found.confidence, &list::<Vec<f32>>(&row["confidence"]), 1e-5, &what);
        let scores: Vec<f32> = found.points.iter().flatten().map(|p| p.confidence).collect();
        let expected: Vec<Vec<f32>> = list(&row["point_confidence"]);
        assert_close(&scores, &expected.concat(), 1e-6, &what);
        let spread = found.covariance.unwrap().concat().concat().concat();
        let spread: Vec<f32> = spread.iter().map(|v| if v.is_nan() { -1.0 } else { *v }).collect();
        let expected: Vec<Vec<[[f32; 2]; 2]>> = list(&row["covariance"]);
        assert_close(&spread, &expected.concat().concat().concat(), 1e-5, &what);
    }
    let short = KeyPointHeads { points: &points[1..], ..heads };
    let selection = KeyPointSelection {
        columns: Columns::Below(2),
        thresholds: &Thresholds::Uniform(0.4),
        key_points_threshold: 0.3,
        points_of_class: &[2],
        candidates: usize::MAX,
        max_detections: 1,
    };
    let meta = PreProcessingMetadata::stretched(Size::new(9, 9), Size::new(9, 9));
    assert!(key_points(&short, &selection, &meta).is_err());
    assert_eq!(key_points(&heads, &selection, &meta).unwrap().len(), 1);
}

#[test]
fn key_points_of_unequal_classes_are_those_of_the_trainer() {
    let queries = 20;
    for row in goldens("key_point_schemas.json") {
        let schema: Vec<usize> = list(&row["schema"]);
        let (classes, slots) = (schema.len(), *schema.iter().max().unwrap());
        let logits: Vec<f32> =
            fractions(queries * classes, 41).iter().map(|v| v * 8.0 - 4.0).collect();
        let place = |(i, v): (usize, f32)| if i % 8 < 2 { v } else { v * 4.0 - 1.5 };
        let count = queries * classes * slots * 8;
        let points: Vec<f32> = fractions(count, 43).into_iter().enumerate().map(place).collect();
        let boxes = query_boxes(queries, 42);
        let heads =
            KeyPointHeads { queries, classes, logits: &logits, boxes: &boxes, points: &points };
        let selection = KeyPointSelection {
            columns: Columns::Below(classes),
            thresholds: &Thresholds::Uniform(0.0),
            key_points_threshold: 0.0,
            points_of_class: &schema,
            candidates: row["select"].as_u64().unwrap() as usize,
            max_detections: usize::MAX,
        };
        let (width, height) = crate::testing::size(&row, "size");
        let size = Size::new(width, height);
        let meta = PreProcessingMetadata::stretched(size, size);
        let found = key_points(&heads, &selection, &meta).unwrap();
        let what = format!("{schema:?}");
        assert_eq!(found.class_id, list::<Vec<usize>>(&row["class_id"]), "{what}");
        assert_close(&found.confidence, &list::<Vec<f32>>(&row["confidence"]), 1e-5, &what);
        let expected: Vec<[f32; 4]> = list(&row["xyxy"]);
        assert_close(&found.xyxy.concat(), &expected.concat(), 1e-3, &what);
        let expected: Vec<Vec<[f32; 3]>> = list(&row["points"]);
        for (found, expected) in found.points.iter().zip(expected) {
            let found = found.iter().flat_map(|p| [p.x, p.y, p.confidence]);
            let found: Vec<f32> = found.collect();
            assert_close(&found, &expected.concat()[..found.len()], 1e-3, &what);
        }
    }
}

/// The order of the two passes of the resize differs: a pixel on the edge between two classes, or
/// on its threshold, may fall on the other side.
#[test]
fn semantic_maps_are_those_of_inference_models() {
    for row in goldens("semantic.json") {
        let channels = row["channels"].as_u64().unwrap() as usize;
        let softmax = row["activation"] == "softmax";
        let head = SemanticHead {
            grid: grid(&row),
            channels,
            activation: if softmax { Activation::Softmax } else { Activation::Sigmoid },
            classes: row["names"].as_u64().unwrap() as usize,
            background: 0,
            thresholds: &Thresholds::Uniform(0.6),
        };
        let logits = floats(channels * head.grid.pixels(), 51);
        let found = semantic_segmentation(&logits, &head, &metadata(&row)).unwrap();
        let step = row["step"].as_u64().unwrap() as usize;
        let classes: Vec<u16> = found.class_map.iter().step_by(step).copied().collect();
        let scores: Vec<f32> = found.confidence.iter().step_by(step).copied().collect();
        let expected: (Vec<u16>, Vec<f32>) = (list(&row["classes"]), list(&row["scores"]));
        let off = (0..classes.len())
            .filter(|&i| classes[i] != expected.0[i] || (scores[i] - expected.1[i]).abs() > 1e-5)
            .count();
        assert!(off * 200 <= classes.len(), "{} {channels}: {off}", row["way"]);
    }
}

#[test]
fn names_must_fit_the_logits() {
    let meta = PreProcessingMetadata::stretched(Size::new(4, 4), Size::new(2, 2));
    let head = SemanticHead {
        grid: Size::new(2, 2),
        channels: 3,
        activation: Activation::Softmax,
        classes: 3,
        background: 0,
        thresholds: &Thresholds::Uniform(0.0),
    };
    assert!(semantic_segmentation(&[0.0; 12], &head, &meta).is_ok());
    assert!(semantic_segmentation(&[0.0; 11], &head, &meta).is_err());
    assert!(
        semantic_segmentation(&[0.0; 12], &SemanticHead { classes: 5, ..head }, &meta).is_err()
    );
    let head = SemanticHead { background: 3, ..head };
    assert!(semantic_segmentation(&[0.0; 12], &head, &meta).is_err());
}

#[test]
fn depth_fills_the_crop_and_leaves_the_rest_at_zero() {
    let part = StaticCropOffset { x: 1, y: 1, size: Size::new(2, 2) };
    let meta = PreProcessingMetadata::fitted(Size::new(4, 3), part, Size::new(8, 8));
    let found = depth_map(&[2.0; 16], Size::new(4, 4), &meta).unwrap();
    assert_eq!(found.depth, [0., 0., 0., 0., 0., 2., 2., 0., 0., 2., 2., 0.]);
}

#[test]
fn selection_orders_limits_and_maps() {
    let logits = [0.0, 3.0, 1.0, 2.0, -1.0, 5.0];
    let pick = |columns, threshold, most| {
        let thresholds = Thresholds::PerClass(vec![threshold], 0.5);
        let selected = select(&logits, 2, 3, columns, &thresholds, most).unwrap();
        selected.iter().map(|s| (s.query, s.class_id)).collect::<Vec<_>>()
    };
    assert_eq!(pick(Columns::Below(2), 0.5, 9), [(2, 1), (0, 1), (1, 1)]);
    assert_eq!(pick(Columns::Below(2), 0.5, 1), [(2, 1)]);
    assert_eq!(pick(Columns::Below(1), 0.5, 9), []);
    assert_eq!(pick(Columns::Mapped(&[None, Some(0)]), 0.9, 9), [(2, 0), (0, 0)]);
    assert!(select(&logits, 4, 4, Columns::Below(2), &Thresholds::Uniform(0.5), 9).is_err());
}

/// Every box against every other, without cleverness.
fn slow_nms(boxes: &[[f32; 4]], scores: &[f32], classes: &[usize], threshold: f32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..boxes.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    let mut gone = vec![false; boxes.len()];
    for (rank, &better) in order.iter().enumerate() {
        for &worse in &order[rank + 1..] {
            let rivals = classes[better] == classes[worse] && !gone[better];
            gone[worse] |= rivals && boxes::iou(boxes[better], boxes[worse]) > threshold;
        }
    }
    order.into_iter().filter(|&i| !gone[i]).collect()
}

proptest! {
    #[test]
    fn suppression_agrees_with_the_slow_way(
        rows in proptest::collection::vec((0_u8..30, 0_u8..30, 1_u8..20, 1_u8..20, 0_u8..9, 0_usize..3), 0..60),
        threshold in 0.05_f32..0.95,
    ) {
        let boxes: Vec<[f32; 4]> = rows
            .iter()
            .map(|&(x, y, w, h, ..)| [x, y, x + w, y + h].map(f32::from))
            .collect();
        let scores: Vec<f32> = rows.iter().map(|row| f32::from(row.4) / 10.0).collect();
        let classes: Vec<usize> = rows.iter().map(|row| row.5).collect();
        prop_assert_eq!(
            nms(&boxes, &scores, &classes, threshold, usize::MAX),
            slow_nms(&boxes, &scores, &classes, threshold)
        );
    }

    #[test]
    fn boxes_keep_their_measures(
        a in (0_u16..500, 0_u16..500, 1_u16..300, 1_u16..300),
        b in (0_u16..500, 0_u16..500, 1_u16..300, 1_u16..300),
        size in (1_usize..400, 1_usize..400),
    ) {
        let corners = |(x, y, w, h): (u16, u16, u16, u16)| [x, y, x + w, y + h].map(f32::from);
        let (first, second) = (corners(a), corners(b));
        let there_and_back = boxes::cxcywh_to_xyxy(boxes::xyxy_to_cxcywh(first));
        prop_assert_eq!(there_and_back.map(f32::to_bits), first.map(f32::to_bits));
        let overlap = boxes::iou(first, second);
        prop_assert!((0.0..=1.0).contains(&overlap));
        prop_assert_eq!(overlap.to_bits(), boxes::iou(second, first).to_bits());
        prop_assert_eq!(boxes::iou(first, first).to_bits(), 1.0_f32.to_bits());
        let size = Size::new(size.0, size.1);
        let [x0, y0, x1, y1] = boxes::clamp(first, size);
        prop_assert!(0.0 <= x0 && x0 <= x1 && x1 <= size.width as f32);
        prop_assert!(0.0 <= y0 && y0 <= y1 && y1 <= size.height as f32);
        prop_assert!(boxes::area([x0, y0, x1, y1]) <= boxes::area(first));
    }

    #[test]
    fn suppression_takes_any_floats(
        rows in proptest::collection::vec(any::<([f32; 4], f32, usize)>(), 0..20),
        threshold: f32,
    ) {
        let boxes: Vec<[f32; 4]> = rows.iter().map(|row| row.0).collect();
        let scores: Vec<f32> = rows.iter().map(|row| row.1).collect();
        let classes: Vec<usize> = rows.iter().map(|row| row.2).collect();
        prop_assert!(nms(&boxes, &scores, &classes, threshold, 9).len() <= 9);
    }

    #[test]
    fn any_metadata_gives_a_mask_of_the_picture_or_an_error(
        original in (0_usize..40, 0_usize..40),
        part in (0_usize..40, 0_usize..40, 0_usize..40, 0_usize..40),
        padding in (-20_isize..20, -20_isize..20, -20_isize..20, -20_isize..20),
        inference in (0_usize..40, 0_usize..40),
    ) {
        let crop = StaticCropOffset { x: part.0, y: part.1, size: Size::new(part.2, part.3) };
        let original = Size::new(original.0, original.1);
        let inference = Size::new(inference.0, inference.1);
        let mut meta = PreProcessingMetadata::fitted(original, crop, inference);
        let (left, top, right, bottom) = padding;
        meta.padding = Padding { left, top, right, bottom };
        let map = floats(63, 1);
        if let Ok(mask) = align_mask(&map, Size::new(9, 7), &meta, 0.0) {
            prop_assert_eq!(mask.size(), original);
            prop_assert_eq!(mask.to_bitmap().area(), mask.area());
        }
        let _ = depth_map(&map, Size::new(9, 7), &meta);
    }
}

#[test]
fn maps_are_led_back_as_by_ultralytics() {
    for row in goldens("yolo_dense.json") {
        let of = |key: &str| {
            let (width, height) = size(&row, key);
            Size { width, height }
        };
        let (from, canvas, grid) = (of("from"), of("canvas"), of("grid"));
        let metadata = PreProcessingMetadata::stretched(from, canvas);
        let needed: Vec<f32> = list(&row["values"]);
        let step = (from.pixels() / if row["task"] == "depth" { 200 } else { 400 }).max(1);
        let what = row.to_string();
        if row["task"] == "depth" {
            let found = native_depth_map(&floats(grid.pixels(), 72), grid, &metadata).unwrap();
            let found: Vec<f32> = found.depth.into_iter().step_by(step).collect();
            assert_close(&found, &needed, 1e-5, &what);
            continue;
        }
        let channels = row["classes"].as_u64().unwrap() as usize;
        let thresholds = Thresholds::Uniform(if channels == 1 { 0.5 } else { 0.0 });
        let head = SemanticHead {
            grid,
            channels,
            activation: Activation::Softmax,
            classes: channels.max(2),
            background: 0,
            thresholds: &thresholds,
        };
        let logits = floats(grid.pixels() * channels, 71);
        let found = native_semantic_segmentation(&logits, &head, &metadata).unwrap();
        let found: Vec<f32> = found.class_map.iter().step_by(step).map(|&c| f32::from(c)).collect();
        assert_eq!(found, needed, "{what}");
    }
}

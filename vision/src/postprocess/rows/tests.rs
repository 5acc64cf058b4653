use super::*;
use crate::postprocess::suppress_oriented;
use crate::testing::{floats, fractions, goldens};

/// `rows` of `tests/reference/yolo_vision.py`: one extra number a row.
fn rows(count: usize, classes: usize) -> Vec<f32> {
    let values = fractions(count * (4 + classes), 51);
    let extras = floats(count, 52);
    let row = |(values, extra): (&[f32], f32)| {
        let scaled = values.iter().enumerate().map(|(i, v)| match i {
            0 | 1 => v * 640.0,
            2 | 3 => v * 160.0,
            _ => *v,
        });
        scaled.chain([extra]).collect::<Vec<f32>>()
    };
    values.chunks_exact(4 + classes).zip(extras).flat_map(row).collect()
}

#[test]
fn suppression_is_that_of_ultralytics() {
    for row in goldens("yolo_suppression.json") {
        let number = |key: &str| row[key].as_u64().unwrap() as usize;
        let (count, classes) = (number("count"), number("classes"));
        let values = rows(count, classes);
        let layout = RowLayout { classes, extra: 1, objectness: Objectness::Absent };
        let thresholds = Thresholds::Uniform(row["confidence"].as_f64().unwrap() as f32);
        let candidates = layout.candidates(&values, &thresholds).unwrap();
        let suppression = Suppression {
            iou_threshold: row["iou"].as_f64().unwrap() as f32,
            class_agnostic: row["agnostic"].as_bool().unwrap(),
            max_detections: number("most"),
            max_candidates: 30_000,
        };
        let kept = if row["rotated"].as_bool().unwrap() {
            suppress_oriented(&suppression, candidates, |c| layout.extra(&values, c.row)[0])
        } else {
            suppression.run(candidates)
        };
        let list = |key: &str| serde_json::from_value::<Vec<usize>>(row[key].clone()).unwrap();
        let found: Vec<usize> = kept.iter().map(|c| c.row).collect();
        assert_eq!(found, list("kept"), "{row}");
        let found: Vec<usize> = kept.iter().map(|c| c.class_id).collect();
        assert_eq!(found, list("class_id"), "{row}");
    }
}

#[test]
fn objectness_multiplies_or_gates() {
    let values = [0.0, 0.0, 2.0, 2.0, 0.5, 0.4, 0.9, 0.0, 0.0, 2.0, 2.0, 0.2, 0.9, 0.1];
    let read = |objectness, threshold| {
        let layout = RowLayout { classes: 2, extra: 0, objectness };
        let found = layout.candidates(&values, &Thresholds::Uniform(threshold)).unwrap();
        found.iter().map(|c| (c.row, c.class_id, c.score)).collect::<Vec<_>>()
    };
    assert_eq!(read(Objectness::Factor, 0.3), [(0, 1, 0.5 * 0.9)]);
    assert_eq!(read(Objectness::Factor, 0.46), []);
    assert_eq!(read(Objectness::Gate, 0.3), [(0, 1, 0.9)]);
    assert_eq!(read(Objectness::Gate, 0.1), [(0, 1, 0.9), (1, 0, 0.9)]);
}

#[test]
fn rows_must_be_whole() {
    let layout = RowLayout { classes: 2, extra: 0, objectness: Objectness::Absent };
    assert!(layout.candidates(&[0.0; 7], &Thresholds::Uniform(0.5)).is_err());
    let none = RowLayout { classes: 0, ..layout };
    assert!(none.candidates(&[], &Thresholds::Uniform(0.5)).is_err());
}

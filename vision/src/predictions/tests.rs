use super::*;
use crate::{BitMask, Embeddings, MaskFormat, Masks, Size};

const NAMES: [&str; 2] = ["cat", "dog"];

fn json(prediction: &impl ToReport) -> String {
    let class_names = NAMES.map(String::from);
    let context = ReportContext { image: "a.png", model: "m", class_names: &class_names };
    prediction.report(&context).to_json().unwrap()
}

fn detections() -> Detections {
    let mut found = Detections::new(Size::new(4, 2));
    found.extend([
        Detection { xyxy: [0.5, 0.0, 2.5, 1.5], class_id: 1, confidence: 0.75 },
        Detection { xyxy: [1.5, 0.0, 4.0, 2.0], class_id: 7, confidence: 0.5 },
    ]);
    found
}

fn instances() -> InstanceDetections {
    let mask = BitMask::from_bools(Size::new(4, 2), &[true; 8]).unwrap();
    let masks = Masks::Dense(vec![mask.clone(), mask]);
    InstanceDetections { detections: detections(), masks }
}

#[test]
fn detections_report() {
    let expected = concat!(
        r#"{"image":"a.png","width":4,"height":2,"model":"m","task":"object-detection","#,
        r#""predictions":[{"class_id":1,"class_name":"dog","confidence":0.75,"#,
        r#""xyxy":[0.5,0.0,2.5,1.5]},"#,
        r#"{"class_id":7,"class_name":"7","confidence":0.5,"xyxy":[1.5,0.0,4.0,2.0]}]}"#
    );
    assert_eq!(json(&detections()), expected);
    assert_eq!(detections().rounded(), [[0, 0, 2, 2], [2, 0, 4, 2]]);
    assert_eq!(detections().iter().count(), 2);
}

#[test]
fn instances_report_masks_as_run_lengths() {
    let text = json(&instances());
    assert!(text.contains(r#""task":"instance-segmentation""#), "{text}");
    assert!(text.contains(r#""mask":{"size":[2,4],"counts":"08"}"#), "{text}");
    let report: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(report.to_json().unwrap(), text);
    assert_eq!(instances().iter().count(), 2);
    assert!(InstanceDetections::new(Size::new(1, 1), MaskFormat::Rle).is_empty());
}

#[test]
fn key_points_report() {
    let points = KeyPoints {
        image_size: Size::new(4, 2),
        class_id: vec![0],
        confidence: vec![0.5],
        xyxy: vec![[0.0, 0.0, 1.0, 1.0]],
        points: vec![vec![KeyPoint { x: 0.5, y: 1.5, confidence: 0.25 }]],
        covariance: None,
    };
    assert!(json(&points).contains(r#""keypoints":[[0.5,1.5,0.25]]"#));
    assert_eq!(points.rounded(), [[[0, 2]]]);
    let rows = points.to_coco(3, &|class| class as u64 + 1);
    assert_eq!(rows[0].keypoints, Some(vec![0.5, 1.5, 0.25]));
}

#[test]
fn semantic_report_has_one_row_a_class() {
    let map = SemanticSegmentation {
        image_size: Size::new(3, 2),
        class_map: vec![0, 1, 1, 0, 0, 0],
        confidence: vec![0.0, 0.5, 1.0, 0.0, 0.0, 0.0],
    };
    let report: Report = serde_json::from_str(&json(&map)).unwrap();
    assert_eq!(report.predictions.len(), 2);
    assert_eq!(report.predictions[1].confidence.to_bits(), 0.75_f32.to_bits());
    assert_eq!(report.predictions[1].xyxy, Some([1.0, 0.0, 3.0, 1.0]));
    let mask = report.predictions[1].mask.as_ref().unwrap().to_bitmap();
    assert_eq!(mask.to_bools(), [false, true, true, false, false, false]);
}

#[test]
fn classifications_report_the_best_and_the_chosen() {
    let one = ClassificationPrediction {
        image_size: Size::new(1, 1),
        class_id: 1,
        confidence: vec![0.25, 0.5, 0.25],
    };
    assert_eq!(one.top(2), [(1, 0.5), (0, 0.25)]);
    assert!(json(&one).contains(r#"[{"class_id":1,"class_name":"dog","confidence":0.5}"#));
    let many = MultiLabelClassificationPrediction {
        image_size: Size::new(1, 1),
        class_ids: vec![0],
        confidence: vec![0.9, 0.1],
    };
    assert!(json(&many).contains(r#""predictions":[{"class_id":0,"class_name":"cat""#));
}

#[test]
fn depth_reports_its_range() {
    let map = DepthMap { image_size: Size::new(2, 1), depth: vec![2.5, f32::NAN] };
    assert!(json(&map).ends_with(r#""predictions":[],"depth_range":[2.5,2.5]}"#));
}

#[test]
fn coco_rows_count_boxes_by_extent() {
    let rows = instances().to_coco(9, &|class| class as u64 + 1);
    assert_eq!(
        serde_json::to_string(&rows[0]).unwrap(),
        concat!(
            r#"{"image_id":9,"category_id":2,"bbox":[0.5,0.0,2.0,1.5],"score":0.75,"#,
            r#""segmentation":{"size":[2,4],"counts":"08"}}"#
        )
    );
}

#[test]
fn embeddings_compare_by_angle() {
    let a = Embeddings { dimensions: 2, values: vec![3.0, 0.0, 0.0, 0.0] };
    let b = Embeddings { dimensions: 2, values: vec![1.0, 1.0] };
    let cosines = a.cosine(&b).unwrap();
    assert!((cosines[0][0] - 0.5_f32.sqrt()).abs() < 1e-6);
    assert!(cosines[1][0].abs() < 1e-6);
    assert!(a.cosine(&Embeddings { dimensions: 3, values: vec![] }).is_err());
}

#[test]
fn corners_are_those_of_ultralytics() {
    for row in crate::testing::goldens("corners.json") {
        let boxes: Vec<[f32; 5]> = serde_json::from_value(row["xywhr"].clone()).unwrap();
        let all: Vec<[[f32; 2]; 4]> = serde_json::from_value(row["corners"].clone()).unwrap();
        for (xywhr, expected) in boxes.into_iter().zip(all) {
            let found = OrientedDetection { xywhr, class_id: 0, confidence: 0.5 }.corners();
            let pairs = found.iter().flatten().zip(expected.iter().flatten());
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-3), "{found:?} {expected:?}");
        }
    }
}

#[test]
fn rotated_boxes_report_all_their_forms() {
    let mut found = OrientedDetections::new(Size::new(12, 30));
    found.push(OrientedDetection {
        xywhr: [10.0, 20.0, 8.0, 4.0, 0.0],
        class_id: 1,
        confidence: 0.5,
    });
    assert_eq!((found.len(), found.iter().count()), (1, 1));
    let expected = concat!(
        r#""task":"oriented-object-detection","predictions":[{"class_id":1,"class_name":"dog","#,
        r#""confidence":0.5,"xyxy":[6.0,18.0,12.0,22.0],"xywhr":[10.0,20.0,8.0,4.0,0.0],"#,
        r#""polygon":[[14.0,22.0],[14.0,18.0],[6.0,18.0],[6.0,22.0]]}]}"#
    );
    assert!(json(&found).ends_with(expected), "{}", json(&found));
}

#[test]
fn depth_is_kept_in_sixteen_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.png");
    let depth = vec![-1.0, 0.0, 3.0, f32::NAN];
    let map = DepthMap { image_size: Size::new(2, 2), depth };
    map.save_png(&path).unwrap();
    let read = image::open(&path).unwrap().into_luma16();
    assert_eq!(read.into_raw(), [0, 16384, 65535, 0]);
    assert!(DepthMap { image_size: Size::new(3, 2), ..map }.save_png(&path).is_err());
}

#[test]
fn depth_is_kept_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.npy");
    let depth = vec![-1.0, 0.5, 3.0, f32::INFINITY, 1e-9, 7.0];
    DepthMap { image_size: Size::new(3, 2), depth: depth.clone() }.save_npy(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let (header, values) = bytes.split_at(128);
    assert!(header.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4'"));
    assert!(String::from_utf8_lossy(header).contains("'shape': (2, 3), }") && header[127] == b'\n');
    let values: Vec<f32> =
        values.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    assert_eq!(values, depth);
}

use proptest::prelude::*;
use serde_json::json;

use super::config::*;
use super::*;
use crate::resize::Filter;
use crate::testing::{assert_recorded, fnv, goldens, picture, size};
use crate::{Image, PreProcessOptions, PreProcessingOverrides, Size, VisionError};

fn config(value: &serde_json::Value) -> InferenceConfig {
    InferenceConfig::parse(value.to_string().as_bytes()).unwrap()
}

#[test]
fn inputs_are_those_of_inference_models() {
    for row in goldens("preprocess.json") {
        let resampler = match row["path"].as_str().unwrap() {
            "rfdetr" => Resampler::Pillow,
            _ => Resampler::OpenCv,
        };
        let what = format!("{} of {}", row["config"], row["from"]);
        let image = picture(size(&row, "from"), row["pattern"].as_str().unwrap());
        let processor = PreProcessor::new(&config(&row["config"]), resampler).unwrap();
        let ready = processor.run(&[image], &PreProcessOptions::default()).unwrap();

        let shape: Vec<usize> = serde_json::from_value(row["shape"].clone()).unwrap();
        assert_eq!(ready.input.shape(), shape, "{what}");
        let meta = ready.metadata[0];
        let Padding { left, top, right, bottom } = meta.padding;
        let crop = meta.static_crop_offset;
        let found = json!({
            "padding": [left, top, right, bottom],
            "after": [meta.size_after_pre_processing.width, meta.size_after_pre_processing.height],
            "inference": [meta.inference_size.width, meta.inference_size.height],
            "crop": [crop.x, crop.y, crop.size.width, crop.size.height],
            "intermediate": meta.nonsquare_intermediate_size.map(|s| [s.width, s.height]),
        });
        assert_eq!(found, row["metadata"], "{what}");
        for (found, key) in [(meta.scale_width, "scale_width"), (meta.scale_height, "scale_height")]
        {
            assert!((f64::from(found) - row[key].as_f64().unwrap()).abs() < 1e-6, "{what}: {key}");
        }

        let data = ready.input.data();
        for sample in row["samples"].as_array().unwrap() {
            let at = sample[0].as_u64().unwrap() as usize;
            let value = sample[1].as_f64().unwrap() as f32;
            assert!((data[at] - value).abs() < 1e-6, "{what} at {at}: {} {value}", data[at]);
        }
        let bytes: Vec<u8> = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(fnv(&bytes), row["hash"].as_str().unwrap(), "{what}");
    }
}

/// scikit-image computes in floats and cuts to bytes: a last-bit difference moves a byte by one.
#[test]
fn contrast_is_that_of_skimage() {
    for row in goldens("contrast.json") {
        let kind: ContrastKind = serde_json::from_value(row["kind"].clone()).unwrap();
        let mut image = picture(size(&row, "size"), row["pattern"].as_str().unwrap());
        contrast::apply(&mut image, kind);
        let values: Vec<u8> = serde_json::from_value(row["values"].clone()).unwrap();
        let step = row["step"].as_u64().unwrap() as usize;
        let found: Vec<u8> = image.pixels().iter().step_by(step).copied().collect();
        let off = found.iter().zip(&values).filter(|(a, b)| a != b).count();
        let worst = found.iter().zip(&values).map(|(&a, &b)| a.abs_diff(b)).max().unwrap();
        let what = format!("{kind:?} {} {}", row["pattern"], row["size"]);
        assert!(worst <= 1, "{what}: {worst}");
        assert!(off * 100 <= values.len(), "{what}: {off} of {} differ", values.len());
    }
}

fn minimal() -> serde_json::Value {
    json!({
        "image_pre_processing": null,
        "network_input": {
            "training_input_size": {"height": 8, "width": 12},
            "dynamic_spatial_size_supported": false,
            "color_mode": "rgb",
            "resize_mode": "letterbox",
            "input_channels": 3,
            "some_future_field": [1, 2]
        },
        "class_names_operations": [{"type": "class_name_removal", "class_name": "background"}],
        "post_processing": {"type": "nms", "fused": true, "nms_parameters": {
            "max_detections": 9, "confidence_threshold": 0.5, "iou_threshold": 0.5,
            "class_agnostic": 1
        }}
    })
}

#[test]
fn classes_are_removed_by_name() {
    let names = ["background", "cat", "dog"].map(String::from);
    let mapping = config(&minimal()).class_mapping(&names).unwrap();
    assert_eq!(mapping.index, [None, Some(0), Some(1)]);
    assert_eq!(mapping.names, ["cat", "dog"]);
}

#[test]
fn malformed_configs_are_typed_errors() {
    let edits: [(&str, serde_json::Value); 8] = [
        ("/network_input/training_input_size", json!(null)),
        ("/network_input/training_input_size", json!({"height": 0, "width": 4})),
        ("/network_input/training_input_size", json!({"height": 1u64 << 40, "width": 1u64 << 40})),
        ("/network_input/resize_mode", json!("squeeze")),
        ("/network_input/input_channels", json!(4)),
        ("/network_input", json!([])),
        (
            "/image_pre_processing",
            json!({"static-crop": {
            "enabled": true, "x_min": 50, "x_max": 50, "y_min": 0, "y_max": 100}}),
        ),
        ("/image_pre_processing", json!({"contrast": {"enabled": true, "type": "More"}})),
    ];
    for (pointer, value) in edits {
        let mut text = minimal();
        *text.pointer_mut(pointer).unwrap() = value.clone();
        let result = InferenceConfig::parse(text.to_string().as_bytes());
        assert!(result.is_err(), "{pointer} {value}");
    }
    for (key, value) in [
        ("scaling_factor", json!(0)),
        ("normalization", json!([[0.5, 0.5, 0.5], [0.5, 0.0, 0.5]])),
        ("normalization", json!([[0.5], [0.5]])),
        ("dynamic_spatial_size_mode", json!({"type": "pad-to-be-divisible", "value": 0})),
        ("padding_value", json!(256)),
    ] {
        let mut text = minimal();
        text["network_input"][key] = value.clone();
        let result = InferenceConfig::parse(text.to_string().as_bytes());
        assert!(result.is_err(), "{key} {value}");
    }
    assert!(InferenceConfig::parse(b"{").is_err());
}

#[test]
fn other_sizes_are_rounded_up_or_refused() {
    let asked = PreProcessOptions { image_size: Some(Size::new(33, 64)), ..Default::default() };
    let target = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut text = minimal();
        edit(&mut text["network_input"]);
        PreProcessor::new(&config(&text), Resampler::OpenCv).unwrap().target_size(&asked)
    };
    assert!(matches!(target(&|_| ()), Err(VisionError::BadArgument { name: "image_size", .. })));
    let divisible = target(&|input| {
        input["dynamic_spatial_size_supported"] = json!(true);
        input["dynamic_spatial_size_mode"] = json!({"type": "pad-to-be-divisible", "value": 32});
    });
    assert_eq!(divisible.unwrap(), Some(Size::new(64, 64)));
    let any = target(&|input| {
        input["dynamic_spatial_size_supported"] = json!(true);
        input["dynamic_spatial_size_mode"] = json!({"type": "any-size"});
    });
    assert_eq!(any.unwrap(), Some(Size::new(33, 64)));
}

#[test]
fn a_batch_mixes_sizes_unless_the_input_follows_the_picture() {
    let images = [picture((5, 9), "noise"), picture((40, 3), "noise")];
    let processor = PreProcessor::new(&config(&minimal()), Resampler::OpenCv).unwrap();
    let options = PreProcessOptions::default();
    let ready = processor.run(&images, &options).unwrap();
    assert_eq!(ready.input.shape(), [2, 8, 12, 3]);
    let mut alone = vec![0.0; 8 * 12 * 3];
    let metadata = processor.run_into(&images[1], &options, &mut alone).unwrap();
    assert_eq!(ready.input.entry(1).unwrap(), alone);
    assert_eq!(ready.metadata[1], metadata);
    assert!(processor.run_into(&images[1], &options, &mut alone[1..]).is_err());
    assert!(processor.run(&[], &options).is_err());

    let mut text = minimal();
    text["network_input"]["resize_mode"] = json!("fit-longer-edge");
    let processor = PreProcessor::new(&config(&text), Resampler::OpenCv).unwrap();
    assert!(processor.run(&images, &options).is_err());
    assert_eq!(processor.run(&images[1..], &options).unwrap().input.shape(), [1, 1, 12, 3]);
}

#[test]
fn a_checkpoint_without_a_package_is_stretched_and_normalised() {
    let input = NetworkInput::stretched(Size::new(2, 1), [0.5; 3], [0.25; 3]);
    for resampler in [Resampler::OpenCv, Resampler::Pillow] {
        let steps = ImagePreProcessing::default();
        let processor = PreProcessor::from_parts(steps, input.clone(), resampler).unwrap();
        let image = Image::filled(5, 4, [0, 255, 51]).unwrap();
        let ready = processor.run(&[image], &PreProcessOptions::default()).unwrap();
        assert_eq!(ready.input.shape(), [1, 1, 2, 3]);
        for (found, expected) in ready.input.data().iter().zip([-2.0, 2.0, -1.2].repeat(2)) {
            assert!((found - expected).abs() < 1e-6);
        }
    }
}

#[test]
fn overrides_leave_steps_out() {
    let mut text = minimal();
    text["image_pre_processing"] = json!({
        "static-crop": {"enabled": true, "x_min": 25, "x_max": 75, "y_min": 25, "y_max": 75},
        "grayscale": {"enabled": true},
        "contrast": {"enabled": true, "type": "Contrast Stretching"}
    });
    let steps = config(&text).image_pre_processing;
    let image = picture((20, 16), "noise");
    let all = PreProcessingOverrides {
        disable_contrast_enhancement: true,
        disable_grayscale: true,
        disable_static_crop: true,
    };
    assert_eq!(steps.apply(&image, all).unwrap().0.as_ref(), &image);
    let (changed, part) = steps.apply(&image, PreProcessingOverrides::default()).unwrap();
    assert_eq!((part.x, part.y, part.size), (5, 4, Size::new(10, 8)));
    assert!(changed.pixels().as_chunks::<3>().0.iter().all(|p| p[0] == p[1] && p[1] == p[2]));
    let tiny = Image::filled(1, 1, [0; 3]).unwrap();
    assert!(steps.apply(&tiny, PreProcessingOverrides::default()).is_err());
}

#[test]
fn key_points_are_described_by_class() {
    let text = br#"[
        {"object_class_id": 1, "keypoints": {"1": "tail", "0": "nose", "10": "paw"},
         "edges": [{"from": 0, "to": 2}]},
        {"object_class_id": 0, "keypoints": {}, "edges": []}
    ]"#;
    let all = KeyPointsMetadata::parse(text, 2, None).unwrap();
    assert_eq!(all.names, [vec![], vec!["nose", "tail", "paw"]]);
    assert_eq!(all.skeletons, [vec![], vec![(0, 2)]]);
    let written = serde_json::to_vec(&all).unwrap();
    assert_eq!(KeyPointsMetadata::parse(&written, 2, None).unwrap(), all);
    let mapping = ClassMapping { index: vec![None, Some(0)], names: vec!["dog".to_owned()] };
    let some = KeyPointsMetadata::parse(text, 1, Some(&mapping)).unwrap();
    assert_eq!(some.names, [vec!["nose", "tail", "paw"]]);
    let lone = br#"[{"object_class_id": 7, "keypoints": {"0": "a"}}]"#;
    assert_eq!(KeyPointsMetadata::parse_entries(lone).unwrap()[&7], (vec!["a".to_owned()], vec![]));

    for (text, classes) in [
        (&text[..], 1),
        (&text[..], 3),
        (br#"[{"object_class_id": 0, "keypoints": {"0": "a"}, "edges": [{"from": 0, "to": 1}]}]"#, 1),
        (br#"[{"object_class_id": 0, "keypoints": {"a": "a"}, "edges": []}]"#, 1),
        (b"{}", 1),
    ] {
        assert!(KeyPointsMetadata::parse(text, classes, None).is_err());
    }
}

proptest! {
    #[test]
    fn arbitrary_configs_never_panic(text in "[\\[\\]{}:,\"a-z0-9.-]{0,80}") {
        let _ = InferenceConfig::parse(text.as_bytes());
        let _ = KeyPointsMetadata::parse(text.as_bytes(), 3, None);
    }

    #[test]
    fn every_mode_leads_boxes_back(
        from in (1_usize..60, 1_usize..60),
        to in (1_usize..60, 1_usize..60),
        mode in 0_usize..3,
    ) {
        let mode = [ResizeMode::Stretch, ResizeMode::Letterbox, ResizeMode::CenterCrop][mode];
        let image = picture(from, "noise");
        let target = Size::new(to.0, to.1);
        let Fitted { image: fitted, padding, scale } = fit(&image, mode, target, 7).unwrap();
        prop_assert_eq!(fitted.size(), target);
        let mut meta = PreProcessingMetadata::stretched(image.size(), target);
        (meta.padding, meta.scale_width, meta.scale_height) = (padding, scale.0, scale.1);
        let [x0, y0, x1, y1] = [0.0, 0.0, from.0 as f32, from.1 as f32];
        let forth = |x: f32, y: f32| [
            x * scale.0 + padding.left as f32,
            y * scale.1 + padding.top as f32,
        ];
        let ([a, b], [c, d]) = (forth(x0, y0), forth(x1, y1));
        let back = meta.box_to_original([a, b, c, d]);
        for (back, was) in back.iter().zip([x0, y0, x1, y1]) {
            prop_assert!((back - was).abs() < 1e-3, "{:?}", back);
        }
    }

    #[test]
    fn contrast_takes_any_picture(at in (1_usize..30, 1_usize..30), seed: u8) {
        let pixels = (0..at.0 * at.1 * 3).map(|i| (i as u8).wrapping_mul(seed)).collect();
        let image = Image::from_raw(at.0, at.1, pixels, crate::ColorOrder::Rgb).unwrap();
        for kind in [
            ContrastKind::AdaptiveEqualization,
            ContrastKind::ContrastStretching,
            ContrastKind::HistogramEqualization,
        ] {
            contrast::apply(&mut image.clone(), kind);
        }
    }
}

#[test]
fn letterboxes_are_those_of_ultralytics() {
    for row in goldens("yolo_letterbox.json") {
        let (width, height) = size(&row, "canvas");
        let stride = row["stride"].as_u64().filter(|&s| s > 0).map(|s| s as usize);
        let letterbox = Letterbox { size: Size { width, height }, stride, border: 114 };
        let found = letterbox.fit(&picture(size(&row, "from"), "noise")).unwrap();
        let side = |key: &str| row[key].as_i64().unwrap() as isize;
        let needed = Padding {
            left: side("left"),
            top: side("top"),
            right: side("right"),
            bottom: side("bottom"),
        };
        assert_eq!(found.padding, needed, "{row}");
        assert_recorded(found.image.pixels(), &row, &row.to_string());
    }
}

#[test]
fn middles_are_those_of_torchvision() {
    for row in goldens("yolo_shortest_edge.json") {
        let (width, height) = size(&row, "crop");
        let edge = row["edge"].as_u64().unwrap() as usize;
        let image = picture(size(&row, "from"), "noise");
        let crop = Size { width, height };
        let found = shortest_edge_crop(&image, edge, crop, Filter::Bilinear).unwrap();
        assert_recorded(found.image.pixels(), &row, &row.to_string());
    }
}

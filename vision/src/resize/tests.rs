use proptest::prelude::*;

use super::*;
use crate::testing::{assert_recorded, bytes, floats, goldens, picture, size};
use crate::{ColorOrder, Image, VisionError};

#[test]
fn bytes_are_those_of_pillow_and_opencv() {
    for row in goldens("resize_bytes.json") {
        let (from, to) = (size(&row, "from"), size(&row, "to"));
        let (op, pattern) = (row["op"].as_str().unwrap(), row["pattern"].as_str().unwrap());
        let source = picture(from, pattern);
        let by = |filter| pillow(&source, to.0, to.1, filter).unwrap().into_raw();
        let found = match op {
            "box" => by(Filter::Box),
            "bilinear" => by(Filter::Bilinear),
            "hamming" => by(Filter::Hamming),
            "bicubic" => by(Filter::Bicubic),
            "lanczos" => by(Filter::Lanczos),
            "gray" => pillow_gray(&bytes(from, 1, pattern), from, to, Filter::Bilinear).unwrap(),
            _ => opencv_linear(&source, to.0, to.1).unwrap().into_raw(),
        };
        assert_recorded(&found, &row, &format!("{op} {pattern} {from:?} to {to:?}"));
    }
}

#[test]
fn floats_are_those_of_torch() {
    for row in goldens("resize_floats.json") {
        let (from, to) = (size(&row, "from"), size(&row, "to"));
        let antialias = row["antialias"].as_bool().unwrap();
        let plane = floats(from.0 * from.1, 3);
        let found = bilinear_plane(&plane, from, to, antialias).unwrap();
        for value in row["values"].as_array().unwrap() {
            let (at, value) = (value[0].as_u64().unwrap() as usize, value[1].as_f64().unwrap());
            let error = (f64::from(found[at]) - value).abs();
            assert!(error < 2e-5, "{from:?} to {to:?} {antialias} at {at}: {} {value}", found[at]);
        }
    }
}

#[test]
fn bytes_are_those_of_torch() {
    for row in goldens("resize_torch_bytes.json") {
        let (from, to) = (size(&row, "from"), size(&row, "to"));
        let (op, pattern) = (row["op"].as_str().unwrap(), row["pattern"].as_str().unwrap());
        let filter = if op == "bicubic" { Filter::Bicubic } else { Filter::Bilinear };
        let found = torch_bytes(&picture(from, pattern), to.0, to.1, filter).unwrap().into_raw();
        assert_recorded(&found, &row, &format!("{op} {pattern} {from:?} to {to:?}"));
    }
}

/// Of values up to 8; a place on the axis is rounded at another step than in the originals.
#[test]
fn cubics_are_those_of_torch_and_opencv() {
    for row in goldens("resize_cubic.json") {
        let (from, to) = (size(&row, "from"), size(&row, "to"));
        let axes = (AxisTaps::cubic(from.0, to.0), AxisTaps::cubic(from.1, to.1));
        let found = torch::apply(&floats(from.0 * from.1, 3), from.0, (&axes.0, &axes.1));
        for value in row["values"].as_array().unwrap() {
            let (at, value) = (value[0].as_u64().unwrap() as usize, value[1].as_f64().unwrap());
            let error = (f64::from(found[at]) - value).abs();
            let whose = &row["whose"];
            assert!(error < 1e-3, "{whose} {from:?} to {to:?} at {at}: {} {value}", found[at]);
        }
    }
}

#[test]
fn sizes_are_checked() {
    let source = picture((3, 3), "noise");
    assert!(matches!(pillow(&source, 0, 3, Filter::Box), Err(VisionError::Empty { .. })));
    assert!(matches!(opencv_linear(&source, 1 << 20, 1 << 20), Err(VisionError::TooLarge { .. })));
    let tall = Image::filled(1, 1 << 20, [1; 3]).unwrap();
    assert!(matches!(pillow(&tall, 1 << 12, 1, Filter::Box), Err(VisionError::TooLarge { .. })));
    assert!(pillow_gray(&[0; 8], (3, 3), (1, 1), Filter::Box).is_err());
    assert!(bilinear_plane(&[0.0; 8], (3, 3), (1, 1), true).is_err());
}

fn small() -> impl Strategy<Value = (usize, usize)> {
    (1_usize..40, 1_usize..40)
}

proptest! {
    #[test]
    fn one_colour_stays_one_colour(from in small(), to in small(), rgb: [u8; 3]) {
        let source = Image::filled(from.0, from.1, rgb).unwrap();
        let target = Image::filled(to.0, to.1, rgb).unwrap();
        for filter in Filter::ALL {
            prop_assert_eq!(&pillow(&source, to.0, to.1, filter).unwrap(), &target);
        }
        prop_assert_eq!(&opencv_linear(&source, to.0, to.1).unwrap(), &target);
    }

    #[test]
    fn results_stay_between_the_extremes(from in small(), to in small(), seed: u8) {
        let pixels: Vec<u8> = (0..from.0 * from.1 * 3)
            .map(|i| 40 + (i as u8).wrapping_mul(seed | 1) % 100)
            .collect();
        let (low, high) = (*pixels.iter().min().unwrap(), *pixels.iter().max().unwrap());
        let source = Image::from_raw(from.0, from.1, pixels, ColorOrder::Rgb).unwrap();
        for result in [
            pillow(&source, to.0, to.1, Filter::Bilinear).unwrap(),
            pillow(&source, to.0, to.1, Filter::Box).unwrap(),
            opencv_linear(&source, to.0, to.1).unwrap(),
        ] {
            prop_assert!(result.pixels().iter().all(|v| (low..=high).contains(v)));
        }
    }

    #[test]
    fn the_same_size_is_the_same_picture(at in small()) {
        let source = picture(at, "noise");
        prop_assert_eq!(&pillow(&source, at.0, at.1, Filter::Lanczos).unwrap(), &source);
        prop_assert_eq!(&opencv_linear(&source, at.0, at.1).unwrap(), &source);
    }
}

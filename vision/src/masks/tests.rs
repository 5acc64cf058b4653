use proptest::prelude::*;

use super::*;
use crate::Size;
use crate::testing::{goldens, noise};

/// The masks of `tests/reference/vision.py`, by name.
fn golden_mask(size: Size, pattern: &str) -> BitMask {
    let random: Vec<u32> = noise(size.pixels(), 5).collect();
    let inside = |x: usize, y: usize| match pattern {
        "empty" => false,
        "full" => true,
        "noise" => random[y * size.width + x] & 1 == 1,
        "stripes" => ((x + 2 * y) / 5).is_multiple_of(2),
        _ => {
            let (dx, dy) = (2 * x as i64 - size.width as i64, 2 * y as i64 - size.height as i64);
            dx * dx + dy * dy < (size.width * size.height) as i64 / 2
        }
    };
    let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
    let pixels: Vec<bool> = places.map(|(x, y)| inside(x, y)).collect();
    BitMask::from_bools(size, &pixels).unwrap()
}

#[test]
fn strings_areas_and_boxes_are_those_of_pycocotools() {
    for row in goldens("rle.json") {
        let (width, height) = crate::testing::size(&row, "size");
        let pattern = row["pattern"].as_str().unwrap();
        let mask = golden_mask(Size { width, height }, pattern);
        let rle = mask.to_rle();
        let what = format!("{pattern} {width}x{height}");
        assert_eq!(rle.to_compressed(), row["counts"].as_str().unwrap(), "{what}");
        assert_eq!(rle.area(), row["area"].as_u64().unwrap() as usize, "{what}");
        let bbox: Vec<usize> = serde_json::from_value(row["bbox"].clone()).unwrap();
        assert_eq!(rle.bbox().to_vec(), bbox, "{what}");
        let disc = golden_mask(Size { width, height }, "disc").to_rle();
        let iou = row["iou_with_disc"].as_f64().unwrap();
        assert!((rle.iou(&disc).unwrap() - iou).abs() < 1e-12, "{what}");
        assert_eq!(Rle::from_compressed(rle.size(), rle.to_compressed().as_bytes()).unwrap(), rle);
    }
}

#[test]
fn json_is_coco_s() {
    let rle = golden_mask(Size::new(4, 2), "full").to_rle();
    let text = serde_json::to_string(&Masks::Rle(vec![rle.clone()])).unwrap();
    assert_eq!(text, r#"[{"size":[2,4],"counts":"08"}]"#);
    assert_eq!(serde_json::from_str::<Masks>(&text).unwrap(), Masks::Rle(vec![rle]));
    assert!(serde_json::from_str::<Masks>(r#"[{"size":[2,4],"counts":"09"}]"#).is_err());
}

#[test]
fn malformed_strings_are_typed_errors() {
    let size = Size::new(4, 2);
    for text in ["", "8", "09", "0", "o", "\u{7f}", " ", "ooooooooo0", "0O", "4444"] {
        assert_eq!(Rle::from_compressed(size, text.as_bytes()).is_ok(), text == "8", "{text:?}");
    }
    assert!(Rle::from_compressed(Size::new(0, 2), b"0").is_err());
    assert!(Rle::from_compressed(Size::new(usize::MAX, 2), b"0").is_err());
}

#[test]
fn zero_runs_of_foreign_encoders_are_read() {
    let size = Size::new(2, 3);
    let rle = Rle::from_counts(size, vec![0, 1, 0, 2, 3]).unwrap();
    assert_eq!(rle.to_bitmap().to_bools(), [true, false, true, false, true, false]);
    assert_eq!(rle.bbox(), [0, 0, 1, 3]);
}

fn any_mask() -> impl Strategy<Value = BitMask> {
    (1_usize..150, 1_usize..40).prop_flat_map(|(width, height)| {
        proptest::collection::vec(any::<bool>(), width * height)
            .prop_map(move |pixels| BitMask::from_bools(Size { width, height }, &pixels).unwrap())
    })
}

proptest! {
    #[test]
    fn round_trips(mask in any_mask()) {
        let rle = mask.to_rle();
        prop_assert_eq!(&rle.to_bitmap(), &mask);
        prop_assert_eq!(rle.area(), mask.area());
        prop_assert_eq!(rle.iou(&rle).unwrap() > 0.999, mask.area() > 0);
        prop_assert_eq!(&BitMask::from_bools(mask.size(), &mask.to_bools()).unwrap(), &mask);
        let text = rle.to_compressed();
        prop_assert_eq!(Rle::from_compressed(mask.size(), text.as_bytes()).unwrap(), rle);
    }

    #[test]
    fn arbitrary_strings_never_panic(
        text in proptest::collection::vec(any::<u8>(), 0..60),
        near in proptest::collection::vec(40_u8..120, 0..60),
        width in 0_usize..50,
        height in 0_usize..50,
    ) {
        for text in [text, near] {
            if let Ok(rle) = Rle::from_compressed(Size { width, height }, &text) {
                prop_assert_eq!(rle.to_bitmap().area(), rle.area());
                prop_assert_eq!(rle.to_bitmap().to_rle().area(), rle.area());
                rle.bbox();
            }
        }
    }

    #[test]
    fn set_and_get_agree(x in 0_usize..70, y in 0_usize..5) {
        let mut mask = BitMask::new(Size::new(65, 4)).unwrap();
        mask.set(x, y, true);
        let inside = x < 65 && y < 4;
        prop_assert_eq!(mask.get(x, y), inside);
        prop_assert_eq!(mask.area(), usize::from(inside));
        mask.set(x, y, false);
        prop_assert_eq!(mask.area(), 0);
    }
}

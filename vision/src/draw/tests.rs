use proptest::prelude::*;

use super::*;
use crate::{BitMask, DepthMap, KeyPoint, Masks, Size};

fn names() -> Vec<String> {
    ["cat", "dog"].map(String::from).to_vec()
}

fn one(xyxy: [f32; 4]) -> Detections {
    let mut found = Detections::new(Size::new(60, 40));
    found.push(Detection { xyxy, class_id: 1, confidence: 0.5 });
    found
}

#[test]
fn a_box_is_a_frame_in_its_class_s_colour() {
    let mut image = Image::filled(60, 40, [9; 3]).unwrap();
    let names = names();
    let style = Style { labels: false, line_width: Some(2), ..Style::new(&names) };
    draw_detections(&mut image, &one([10.0, 10.0, 30.0, 30.0]), &style);
    let color = class_color(1);
    for (x, y, inside) in
        [(10, 10, true), (29, 29, true), (11, 20, true), (12, 20, false), (30, 20, false)]
    {
        assert_eq!(image.pixel(x, y) == Some(color), inside, "{x} {y}");
    }
}

#[test]
fn a_label_is_readable() {
    let mut image = Image::filled(60, 40, [9; 3]).unwrap();
    let names = names();
    let style = Style { line_width: Some(1), ..Style::new(&names) };
    draw_detections(&mut image, &one([2.0, 20.0, 58.0, 38.0]), &style);
    let ink = |x: usize, y: usize| image.pixel(x, y) == Some(ink_on(class_color(1)));
    let rows: Vec<String> =
        (11..18).map(|y| (3..8).map(|x| if ink(x, y) { '#' } else { '.' }).collect()).collect();
    let d = ["....#", "....#", ".####", "#...#", "#...#", "#...#", ".####"];
    assert_eq!(rows, d);
}

#[test]
fn the_font_has_every_printable_ascii_character() {
    let lines: Vec<&str> = include_str!("font.txt").lines().collect();
    assert_eq!(lines.len(), 94);
    for (line, code) in lines.iter().zip(b'!'..) {
        assert_eq!(line.as_bytes()[0], code);
        assert!(font::dots(char::from(code)).count() > 1, "{line}");
    }
    assert_eq!(font::dots(' ').count(), 0);
    assert_eq!(font::dots('é').count(), font::dots('\u{10ffff}').count());
}

#[test]
fn masks_and_classes_tint_their_pixels() {
    let size = Size::new(60, 40);
    let mut mask = BitMask::new(size).unwrap();
    mask.set(59, 39, true);
    let found = InstanceDetections {
        detections: one([0.0, 0.0, 2.0, 2.0]),
        masks: Masks::Dense(vec![mask]),
    };
    let names = names();
    let style = Style { labels: false, opacity: 0.5, ..Style::new(&names) };
    let mut image = Image::filled(60, 40, [0; 3]).unwrap();
    draw_instances(&mut image, &found, &style);
    assert_eq!(image.pixel(59, 39), Some(blend([0; 3], class_color(1), 0.5)));
    assert_eq!(image.pixel(58, 39), Some([0; 3]));

    let map = SemanticSegmentation {
        image_size: Size::new(2, 1),
        class_map: vec![0, 1],
        confidence: vec![1.0; 2],
    };
    let mut image = Image::filled(2, 1, [0; 3]).unwrap();
    draw_semantic(&mut image, &map, Some(0), &style);
    assert_eq!(image.pixel(0, 0), Some([0; 3]));
    assert_eq!(image.pixel(1, 0), Some(blend([0; 3], class_color(1), 0.5)));
}

#[test]
fn depth_spans_black_to_white() {
    let map = DepthMap { image_size: Size::new(3, 1), depth: vec![1.0, 2.0, 3.0] };
    assert_eq!(depth_image(&map).unwrap(), Image::from_gray(3, 1, &[0, 128, 255]).unwrap());
    assert!(depth_image(&DepthMap::default()).is_err());
}

proptest! {
    #[test]
    fn drawing_takes_any_floats(
        xyxy: [f32; 4],
        points in proptest::collection::vec(any::<(f32, f32, f32)>(), 0..4),
        class_id: usize,
        label in ".{0,8}",
    ) {
        let mut image = Image::filled(30, 20, [0; 3]).unwrap();
        let names = vec![label];
        let style = Style::new(&names);
        let mut found = one(xyxy);
        found.class_id[0] = class_id;
        draw_detections(&mut image, &found, &style);
        let read = |&(x, y, confidence): &(f32, f32, f32)| {
            KeyPoint { x: x % 100.0, y: y % 100.0, confidence }
        };
        let points = KeyPoints {
            image_size: found.image_size,
            class_id: vec![0],
            confidence: vec![0.5],
            xyxy: vec![xyxy],
            points: vec![points.iter().map(read).collect()],
            covariance: None,
        };
        draw_key_points(&mut image, &points, &[vec![(0, 1), (1, 9)]], &style);
    }
}

#[test]
fn depth_has_the_colours_of_the_turbo_map() {
    // matplotlib 3.11, `turbo` at 0, 51, 128 and 255 of 255; between two entries of the table 7 levels off at most.
    let map = DepthMap { image_size: Size::new(4, 1), depth: vec![0.0, 51.0, 128.0, 255.0] };
    let image = depth_colors(&map).unwrap();
    let expected = [[48, 18, 59], [62, 155, 254], [164, 252, 60], [122, 4, 3]];
    for (x, expected) in expected.into_iter().enumerate() {
        let found = image.pixel(x, 0).unwrap();
        let near = found.iter().zip(expected).all(|(&a, b)| a.abs_diff(b) <= 7);
        assert!(near, "{found:?} {expected:?}");
    }
    let odd = DepthMap { image_size: Size::new(2, 1), depth: vec![f32::NAN, 1.0] };
    assert_eq!(depth_colors(&odd).unwrap().pixel(0, 0), Some([0; 3]));
    assert!(depth_colors(&DepthMap { image_size: Size::new(3, 1), ..odd }).is_err());
}

#[test]
fn a_rotated_box_has_a_rotated_frame() {
    let mut image = Image::filled(60, 40, [9; 3]).unwrap();
    let names = names();
    let style = Style { labels: false, line_width: Some(2), ..Style::new(&names) };
    let mut found = OrientedDetections::new(Size::new(60, 40));
    let xywhr = [30.0, 20.0, 30.0, 10.0, std::f32::consts::FRAC_PI_2];
    found.push(OrientedDetection { xywhr, class_id: 0, confidence: 0.5 });
    draw_oriented(&mut image, &found, &style);
    let color = Some(class_color(0));
    for (x, y, framed) in [(25, 5, true), (35, 34, true), (30, 5, true), (25, 20, true)]
        .into_iter()
        .chain([(30, 20, false), (15, 15, false), (45, 25, false)])
    {
        assert_eq!(image.pixel(x, y) == color, framed, "{x} {y}");
    }
}

#[test]
fn classes_are_written_one_below_the_other() {
    let mut image = Image::filled(80, 40, [9; 3]).unwrap();
    let names = names();
    let style = Style { line_width: Some(1), ..Style::new(&names) };
    draw_classes(&mut image, &[(1, 0.75), (0, 0.25)], &style);
    assert_eq!(image.pixel(0, 0), Some(class_color(1)));
    assert_eq!(image.pixel(0, 10), Some(class_color(0)));
    assert_eq!(image.pixel(0, 20), Some([9; 3]));
}

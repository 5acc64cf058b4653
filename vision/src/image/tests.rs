use std::io::Cursor;

use image::{DynamicImage, ImageFormat};
use proptest::prelude::*;

use super::*;
use crate::lent::shared;
use crate::testing::{fnv, goldens, size};

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn decode(bytes: &[u8]) -> Result<Image> {
    Image::decode(bytes, &DecodeOptions::default())
}

#[test]
fn colour_order_is_settled_once() {
    let rgb = Image::from_raw(2, 1, vec![1, 2, 3, 4, 5, 6], ColorOrder::Rgb).unwrap();
    let bgr = Image::from_raw(2, 1, vec![3, 2, 1, 6, 5, 4], ColorOrder::Bgr).unwrap();
    assert_eq!(rgb, bgr);
    assert_eq!(rgb.pixel(1, 0), Some([4, 5, 6]));
    assert_eq!(rgb.pixel(2, 0), None);
}

#[test]
fn lengths_and_sizes_are_checked() {
    assert!(matches!(
        Image::from_raw(2, 2, vec![0; 11], ColorOrder::Rgb),
        Err(VisionError::WrongLength { expected: 12, found: 11, .. })
    ));
    assert!(matches!(Image::filled(0, 2, [0; 3]), Err(VisionError::Empty { .. })));
    assert!(matches!(
        Image::from_raw(usize::MAX, 2, vec![], ColorOrder::Rgb),
        Err(VisionError::TooLarge { .. })
    ));
}

#[test]
fn crop_takes_the_part_named() {
    let picture = Image::from_gray(3, 2, &[0, 1, 2, 3, 4, 5]).unwrap();
    assert_eq!(picture.crop(1, 0, 2, 2).unwrap(), Image::from_gray(2, 2, &[1, 2, 4, 5]).unwrap());
    assert!(picture.crop(2, 0, 2, 1).is_err());
    assert!(picture.crop(usize::MAX, 0, 1, 1).is_err());
    assert!(picture.crop(0, 0, 0, 1).is_err());
}

#[test]
fn every_sample_layout_becomes_rgb8() {
    let luma16 = image::ImageBuffer::from_raw(2, 1, vec![0x1234_u16, 0xff00]).unwrap();
    let rgba = image::ImageBuffer::from_raw(1, 1, vec![9_u8, 8, 7, 0]).unwrap();
    let rgb16 = image::ImageBuffer::from_raw(1, 1, vec![0x01ff_u16, 0x0200, 0xffff]).unwrap();
    let luma_alpha = image::ImageBuffer::from_raw(1, 1, vec![77_u8, 3]).unwrap();
    let cases = [
        (DynamicImage::ImageLuma16(luma16), vec![0x12, 0x12, 0x12, 0xff, 0xff, 0xff]),
        (DynamicImage::ImageRgba8(rgba), vec![9, 8, 7]),
        (DynamicImage::ImageRgb16(rgb16), vec![1, 2, 255]),
        (DynamicImage::ImageLumaA8(luma_alpha), vec![77, 77, 77]),
    ];
    for (picture, pixels) in cases {
        assert_eq!(decode(&png(&picture)).unwrap().into_raw(), pixels, "{:?}", picture.color());
    }
}

/// The bytes written as hexadecimal in a golden row.
fn hexadecimal(row: &serde_json::Value) -> Vec<u8> {
    let digits = row["bytes"].as_str().unwrap().as_bytes().as_chunks::<2>().0;
    digits
        .iter()
        .map(|d| u8::from_str_radix(std::str::from_utf8(d).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn files_decode_as_pillow_decodes_them() {
    for row in goldens("formats.json") {
        let name = row["name"].as_str().unwrap();
        let found = decode(&hexadecimal(&row)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((found.width(), found.height()), size(&row, "size"), "{name}");
        let expected: Vec<u8> = serde_json::from_value(row["rgb"].clone()).unwrap();
        assert_eq!(found.pixels(), expected, "{name}");

        let upright = DecodeOptions { exif_orientation: true, ..DecodeOptions::default() };
        let turned = Image::decode(&hexadecimal(&row), &upright).unwrap();
        assert_eq!((turned.width(), turned.height()), size(&row, "upright"), "{name}");
    }
}

#[test]
fn truncated_files_of_every_format_never_panic() {
    for row in goldens("formats.json") {
        let bytes = hexadecimal(&row);
        for end in (0..bytes.len()).step_by(7) {
            let _ = decode(&bytes[..end]);
            let mut damaged = bytes.clone();
            damaged[end] ^= 0x55;
            let _ = decode(&damaged);
        }
    }
}

#[test]
fn real_pictures_decode_and_resize_as_pillow_and_opencv_do() {
    let Some(folder) = shared("images") else { return };
    for row in goldens("pictures.json") {
        let name = row["file"].as_str().unwrap();
        let found = Image::open(folder.join(name)).unwrap();
        assert_eq!((found.width(), found.height()), size(&row, "size"), "{name}");
        assert_eq!(fnv(found.pixels()), row["hash"].as_str().unwrap(), "{name}");
        let small = crate::resize::pillow(&found, 384, 384, crate::resize::Filter::Bilinear);
        assert_eq!(fnv(small.unwrap().pixels()), row["pillow"].as_str().unwrap(), "{name}");
        let small = crate::resize::opencv_linear(&found, 640, 427).unwrap();
        assert_eq!(fnv(small.pixels()), row["opencv"].as_str().unwrap(), "{name}");
    }
}

#[test]
fn limits_stop_a_picture_before_it_is_decoded() {
    let bytes = png(&DynamicImage::new_rgb8(40, 30));
    let options = DecodeOptions { max_pixels: 1199, ..DecodeOptions::default() };
    assert!(matches!(Image::decode(&bytes, &options), Err(VisionError::TooLarge { .. })));
    let options = DecodeOptions { max_pixels: 1200, ..DecodeOptions::default() };
    assert!(Image::decode(&bytes, &options).is_ok());
}

#[test]
fn truncated_and_foreign_bytes_are_typed_errors() {
    let bytes = png(&DynamicImage::new_rgb8(40, 30));
    for end in 0..bytes.len() - 12 {
        assert!(matches!(decode(&bytes[..end]), Err(VisionError::Decode { .. })), "at {end}");
    }
    assert!(matches!(Image::open("no/such/file.png"), Err(VisionError::Io { .. })));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
        let mut png_like = b"\x89PNG\r\n\x1a\n".to_vec();
        png_like.extend(&bytes);
        let _ = decode(&png_like);
    }
}

#[test]
fn a_truncated_file_is_an_error_not_half_a_picture() {
    for row in goldens("formats.json") {
        let name = row["name"].as_str().unwrap();
        let bytes = hexadecimal(&row);
        for part in [2, 3, 4, 5] {
            let end = bytes.len() - bytes.len() / (part * 2);
            assert!(decode(&bytes[..end]).is_err(), "{name} {end} of {}", bytes.len());
        }
    }
}

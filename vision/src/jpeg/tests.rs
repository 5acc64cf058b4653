use proptest::prelude::*;

use super::*;
use crate::testing::{fnv, goldens, size};
use crate::{DecodeOptions, Image, VisionError};

fn base64(text: &str) -> Vec<u8> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let letters = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::new();
    for group in letters.chunks(4) {
        let bits = group.iter().fold(0, |bits, &letter| bits << 6 | u32::from(digit(letter)));
        let bits = bits << (6 * (4 - group.len()) + 8);
        bytes.extend(&bits.to_be_bytes()[..group.len() * 3 / 4]);
    }
    bytes
}

/// The name and the bytes of each golden file.
fn files() -> Vec<(String, Vec<u8>)> {
    let file = |row: serde_json::Value| {
        (row["name"].as_str().unwrap().to_owned(), base64(row["file"].as_str().unwrap()))
    };
    goldens("jpeg.json").into_iter().map(file).collect()
}

fn decode(bytes: &[u8]) -> Result<Vec<u8>> {
    Decoder::new(bytes)?.decode()
}

#[test]
fn every_kind_of_file_decodes_as_pillow_decodes_it() {
    let mut wrong = Vec::new();
    for (row, (name, bytes)) in goldens("jpeg.json").iter().zip(files()) {
        let decoder = Decoder::new(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(decoder.size(), size(row, "size"), "{name}");
        let pixels = decoder.decode().unwrap_or_else(|error| panic!("{name}: {error}"));
        if fnv(&pixels) != row["hash"].as_str().unwrap() {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn truncated_files_are_refused() {
    for (name, bytes) in files() {
        for end in (0..bytes.len() - 2).step_by(13) {
            let found = Image::decode(&bytes[..end], &DecodeOptions::default());
            assert!(matches!(found, Err(VisionError::Decode { .. })), "{name} at {end}");
        }
    }
}

/// Half of the compressed data, with an end marker behind it.
#[test]
fn missing_data_are_an_error() {
    for (name, bytes) in files().into_iter().filter(|(name, _)| name.contains("(17, 33)")) {
        let scan = bytes.windows(2).position(|pair| pair == [0xFF, SOS]).unwrap() + 14;
        let mut cut = bytes[..usize::midpoint(scan, bytes.len())].to_vec();
        cut.extend([0xFF, EOI]);
        assert!(decode(&cut).is_err(), "{name}");
    }
}

#[test]
fn other_kinds_of_coding_are_left_to_others() {
    let (_, bytes) = files().into_iter().find(|(name, _)| name.starts_with("baseline")).unwrap();
    let frame = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    for (offset, value) in [(1, 0xC3), (1, 0xC9), (4, 12), (9, 2)] {
        let mut other = bytes.clone();
        other[frame + offset] = value;
        assert!(matches!(decode(&other), Err(JpegError::Unsupported(_))), "{offset} {value}");
    }
}

#[test]
fn a_picture_over_the_limits_is_refused_before_it_is_decoded() {
    let (_, bytes) = files().into_iter().find(|(name, _)| name.contains("(66, 50)")).unwrap();
    let options = DecodeOptions { max_pixels: 66 * 50 - 1, ..DecodeOptions::default() };
    assert!(matches!(Image::decode(&bytes, &options), Err(VisionError::TooLarge { .. })));
    let memory = Decoder::new(&bytes).unwrap().memory();
    let options = DecodeOptions { max_bytes: memory - 1, ..DecodeOptions::default() };
    assert!(matches!(Image::decode(&bytes, &options), Err(VisionError::Decode { .. })));
    let options = DecodeOptions { max_bytes: memory, ..DecodeOptions::default() };
    assert!(Image::decode(&bytes, &options).is_ok());
}

/// A file of nothing but scans that each walk over all blocks in a few bytes.
#[test]
fn the_number_of_scans_is_limited() {
    let (_, bytes) = files().into_iter().find(|(name, _)| name == "gray progressive").unwrap();
    let scan =
        |from: usize| from + bytes[from..].windows(2).position(|pair| pair == [0xFF, SOS]).unwrap();
    let first = scan(0);
    let second = scan(first + 2);
    let mut long = bytes[..first].to_vec();
    (0..MAX_SCANS).for_each(|_| long.extend(&bytes[first..second]));
    let mut longer = long.clone();
    long.extend([0xFF, EOI]);
    assert!(decode(&long).is_ok());
    longer.extend(&bytes[first..second]);
    longer.extend([0xFF, EOI]);
    assert!(matches!(decode(&longer), Err(JpegError::Damaged(_))));
}

/// The transform by its definition, in floating point: no sample is off by more than one.
#[test]
fn the_transform_is_a_cosine_transform() {
    use std::f64::consts::{FRAC_1_SQRT_2, PI};
    let basis = |k: usize, x: usize| {
        let scale = if k == 0 { FRAC_1_SQRT_2 } else { 1.0 };
        scale * ((2 * x + 1) as f64 * k as f64 * PI / 16.0).cos() / 2.0
    };
    for seed in 0..20 {
        let noise = crate::testing::noise(64, seed);
        let block: Vec<i16> = noise.map(|v| (v % 61) as i16 - 30).collect();
        let block: Block = block.try_into().unwrap();
        let mut samples = [0; 64];
        idct::idct(&block, &[2; 64], &mut samples, 8);
        for (at, &sample) in samples.iter().enumerate() {
            let terms = block.iter().enumerate().map(|(k, &value)| {
                2.0 * f64::from(value) * basis(k / 8, at / 8) * basis(k % 8, at % 8)
            });
            let exact = (terms.sum::<f64>() + 128.0).clamp(0.0, 255.0);
            assert!((f64::from(sample) - exact).abs() <= 1.0, "{at}: {sample} not {exact}");
        }
    }
}

#[test]
fn a_flat_block_is_the_transform_of_its_first_coefficient() {
    for dc in -1100..1100 {
        let mut block = [0; 64];
        block[0] = dc;
        let (mut found, mut needed) = ([0; 64], [0; 64]);
        idct::flat(dc, &[3; 64], &mut found, 8);
        idct::idct(&block, &[3; 64], &mut needed, 8);
        assert_eq!(found, needed, "{dc}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_never_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let files = files();
        let mut bytes = which.get(&files).1.clone();
        for (at, value) in changes {
            *at.get_mut(&mut bytes) = value;
        }
        if let Ok(decoder) = Decoder::new(&bytes)
            && decoder.memory() < 1 << 24
        {
            let _ = decoder.decode();
        }
    }
}

//! The formulas `tests/reference/vision.py` makes its inputs with, and its hash.

use crate::{ColorOrder, Image};

/// Pseudo-random 32-bit values.
pub(crate) fn noise(count: usize, seed: u64) -> impl Iterator<Item = u32> {
    (0..count as u64).map(move |i| {
        let mut v = i.wrapping_mul(2_654_435_761).wrapping_add(seed * 40_503) as u32;
        v ^= v >> 15;
        v = v.wrapping_mul(0x85EB_CA6B);
        v ^ (v >> 13)
    })
}

/// Bytes `[height, width, channels]` of a named pattern.
pub(crate) fn bytes((width, height): (usize, usize), channels: usize, pattern: &str) -> Vec<u8> {
    let count = width * height * channels;
    match pattern {
        "noise" => noise(count, 1).map(|v| v as u8).collect(),
        "edges" => noise(count, 2).map(|v| (v & 1) as u8 * 255).collect(),
        _ => (0..count)
            .map(|i| {
                let (y, x, c) = (i / (width * channels), i / channels % width, i % channels);
                ((x * 7 + y * 13 + c * 29) / 3) as u8
            })
            .collect(),
    }
}

/// A picture of a named pattern.
pub(crate) fn picture(size: (usize, usize), pattern: &str) -> Image {
    Image::from_raw(size.0, size.1, bytes(size, 3, pattern), ColorOrder::Rgb).unwrap()
}

/// Multiples of 1/256 in -8..8.
pub(crate) fn floats(count: usize, seed: u64) -> Vec<f32> {
    noise(count, seed).map(|v| ((v & 4095) as f32 - 2048.0) / 256.0).collect()
}

/// FNV-1a, 64 bits, in hexadecimal.
pub(crate) fn fnv(bytes: &[u8]) -> String {
    let mut value = 0xCBF2_9CE4_8422_2325_u64;
    for &byte in bytes {
        value = (value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    }
    format!("{value:016x}")
}

/// The rows of a golden file of this crate.
pub(crate) fn goldens(name: &str) -> Vec<serde_json::Value> {
    let path = format!("{}/tests/goldens/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A `[width, height]` field of a golden row.
pub(crate) fn size(row: &serde_json::Value, key: &str) -> (usize, usize) {
    let side = |i: usize| row[key][i].as_u64().unwrap() as usize;
    (side(0), side(1))
}

/// Asserts that `found` is the recorded output, naming the first sample that differs.
pub(crate) fn assert_recorded(found: &[u8], row: &serde_json::Value, what: &str) {
    for sample in row["samples"].as_array().unwrap() {
        let (at, value) = (sample[0].as_u64().unwrap() as usize, sample[1].as_u64().unwrap());
        assert_eq!(u64::from(found[at]), value, "{what}: byte {at}");
    }
    assert_eq!(fnv(found), row["hash"].as_str().unwrap(), "{what}: samples agree, hash does not");
}

/// Multiples of 2^-20 in 0..1.
pub(crate) fn fractions(count: usize, seed: u64) -> Vec<f32> {
    noise(count, seed).map(|v| (v & 0xF_FFFF) as f32 / 1_048_576.0).collect()
}

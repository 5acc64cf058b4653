//! Sound files, cut at every place and changed at random.

use std::path::Path;

use super::exercise;
use proptest::prelude::*;

const FILES: &[&str] = &[
    "views.pth",
    "views-deflated.pth",
    "views-legacy.pth",
    "dtypes-legacy.pth",
    "dtypes.safetensors",
    "training.ckpt",
    "training-legacy.ckpt",
    "training-protocol5.ckpt",
    "module-legacy.pt",
    "script.pt",
    "script-frozen.pt",
    "big.pth",
    "numpy-0.pkl",
    "numpy-2.pkl",
    "numpy-5.pkl",
    "onnx/dtypes.onnx",
    "onnx/dynamo.onnx",
    "onnx/nms.onnx",
    "onnx/script-17.onnx",
];

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn files_cut_short_anywhere_are_harmless() {
    for name in FILES {
        let bytes = fixture(name);
        let step = 1 + bytes.len() / 600;
        for len in (0..bytes.len()).step_by(step) {
            exercise(bytes[..len].to_vec());
        }
    }
}

/// One change: where (as a share of the file), what kind, which byte.
type Change = (f64, u8, u8);

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for &(share, kind, value) in changes {
        let place = (share * bytes.len() as f64) as usize;
        if place >= bytes.len() {
            continue;
        }
        match kind {
            0 => bytes[place] = value,
            1 => bytes[place] ^= 1 << (value % 8),
            2 => bytes.insert(place, value),
            3 => drop(bytes.remove(place)),
            4 => bytes.truncate(bytes.len() - place.min(usize::from(value))),
            _ => {
                let end = bytes.len().min(place + usize::from(value));
                let piece = bytes[place..end].to_vec();
                bytes.splice(place..place, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_are_harmless(
        file in 0..FILES.len(),
        changes in prop::collection::vec((0.0..1.0, 0..6_u8, any::<u8>()), 1..6),
    ) {
        exercise(changed(fixture(FILES[file]), &changes));
    }
}

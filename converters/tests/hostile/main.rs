//! Files made to do harm: typed errors, no panic, no hang, bounded memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

mod build;
mod foreign;
mod mutated;
mod onnx;
mod pickles;
mod safetensors;
mod tensors;
mod zips;

use ocelli_converters::{Error, StateDict};

fn open(bytes: Vec<u8>) -> Result<StateDict, Error> {
    StateDict::from_bytes(bytes, "hostile.pth")
}

/// The error's variant.
fn kind(error: &Error) -> &'static str {
    match error {
        Error::Io { .. } => "io",
        Error::NotACheckpoint { .. } => "not a checkpoint",
        Error::Corrupt { .. } => "corrupt",
        Error::Unsupported { .. } => "unsupported",
        Error::Limit { .. } => "limit",
        Error::MissingTensor { .. } => "missing",
        _ => "other",
    }
}

#[track_caller]
fn assert_refused(bytes: Vec<u8>, expected: &str, says: &str) {
    let Err(error) = open(bytes) else { panic!("opened, instead of: {says}") };
    let text = error.to_string();
    assert_eq!(kind(&error), expected, "{text}");
    assert!(text.contains(says), "`{text}` does not say `{says}`");
    assert!(text.starts_with("hostile.pth"), "`{text}` does not name the file");
}

/// Reads everything there is to read; only panics count.
fn exercise(bytes: Vec<u8>) {
    const SMALL: usize = 1 << 20;
    let Ok(weights) = open(bytes) else { return };
    let _ = format!("{:?}", weights.root());
    for tensor in weights.tensors().filter(|tensor| tensor.byte_len() < SMALL) {
        let _ = (tensor.bytes(), tensor.to_f32(), tensor.to_i64());
    }
}

//! What every target does with the bytes it made.

use ocelli_converters::StateDict;

/// Opens `bytes` and reads all there is, short of tensors that only repetition makes large.
pub fn exercise(bytes: Vec<u8>) {
    const SMALL: usize = 1 << 20;
    let Ok(weights) = StateDict::from_bytes(bytes, "fuzz") else { return };
    let _ = format!("{:?}", weights.root());
    for tensor in weights.tensors().filter(|tensor| tensor.byte_len() < SMALL) {
        let _ = (tensor.bytes(), tensor.to_f32(), tensor.to_i64());
    }
}

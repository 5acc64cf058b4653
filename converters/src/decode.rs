//! Stored elements to the numbers Rust works with.

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

use crate::DType;

/// Copies a strided view into row-major order. Every element must lie inside `storage`.
pub(crate) fn gather(
    storage: &[u8],
    size: usize,
    shape: &[usize],
    strides: &[usize],
    offset: usize,
) -> Vec<u8> {
    let Some((&inner, outer)) = shape.split_last() else {
        return storage[offset * size..(offset + 1) * size].to_vec();
    };
    let inner_stride = strides[outer.len()];
    let rows = outer.iter().product::<usize>();
    let mut out = Vec::with_capacity(rows * inner * size);
    let mut index = vec![0; outer.len()];
    let mut start = offset;
    for _ in 0..rows {
        for column in 0..inner {
            let at = (start + column * inner_stride) * size;
            out.extend_from_slice(&storage[at..at + size]);
        }
        for axis in (0..outer.len()).rev() {
            index[axis] += 1;
            start += strides[axis];
            if index[axis] < outer[axis] {
                break;
            }
            start -= index[axis] * strides[axis];
            index[axis] = 0;
        }
    }
    out
}

/// Reverses the byte order of each `word` bytes.
pub(crate) fn swap_words(bytes: &mut [u8], word: usize) {
    bytes.chunks_exact_mut(word).for_each(<[u8]>::reverse);
}

fn each<const N: usize, T>(bytes: &[u8], decode: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&word| decode(word)).collect()
}

/// Widens whole slices, which is much faster than one by one.
fn halves<T>(bytes: &[u8], decode: impl Fn([u8; 2]) -> T) -> Vec<f32>
where
    [T]: HalfFloatSliceExt,
{
    let mut out = vec![0.0; bytes.len() / 2];
    each(bytes, decode).convert_to_f32_slice(&mut out);
    out
}

/// Little-endian elements as `f32`; `None` for types that are no real numbers.
pub(crate) fn to_f32(dtype: DType, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        DType::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        DType::F32 => each(bytes, f32::from_le_bytes),
        DType::F16 => halves(bytes, f16::from_le_bytes),
        DType::BF16 => halves(bytes, bf16::from_le_bytes),
        DType::F8E4M3 => each(bytes, |[b]| e4m3(b)),
        DType::F8E5M2 => each(bytes, |[b]| f16::from_le_bytes([0, b]).to_f32()),
        DType::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
        DType::I32 => each(bytes, |b| i32::from_le_bytes(b) as f32),
        DType::I16 => each(bytes, |b| f32::from(i16::from_le_bytes(b))),
        DType::I8 => each(bytes, |b| f32::from(i8::from_le_bytes(b))),
        DType::U64 => each(bytes, |b| u64::from_le_bytes(b) as f32),
        DType::U32 => each(bytes, |b| u32::from_le_bytes(b) as f32),
        DType::U16 => each(bytes, |b| f32::from(u16::from_le_bytes(b))),
        DType::U8 => each(bytes, |[b]| f32::from(b)),
        DType::Bool => each(bytes, |[b]| f32::from(u8::from(b != 0))),
        _ => return None,
    })
}

/// Little-endian elements as `i64`; `None` for types and values that are no such integers.
pub(crate) fn to_i64(dtype: DType, bytes: &[u8]) -> Option<Vec<i64>> {
    Some(match dtype {
        DType::I64 => each(bytes, i64::from_le_bytes),
        DType::I32 => each(bytes, |b| i64::from(i32::from_le_bytes(b))),
        DType::I16 => each(bytes, |b| i64::from(i16::from_le_bytes(b))),
        DType::I8 => each(bytes, |b| i64::from(i8::from_le_bytes(b))),
        DType::U64 => {
            let wide = each(bytes, |b| i64::try_from(u64::from_le_bytes(b)).ok());
            return wide.into_iter().collect();
        }
        DType::U32 => each(bytes, |b| i64::from(u32::from_le_bytes(b))),
        DType::U16 => each(bytes, |b| i64::from(u16::from_le_bytes(b))),
        DType::U8 => each(bytes, |[b]| i64::from(b)),
        DType::Bool => each(bytes, |[b]| i64::from(b != 0)),
        _ => return None,
    })
}

/// Sign, 4 exponent bits with bias 7, 3 mantissa bits; all ones is NaN and there is no infinity.
fn e4m3(byte: u8) -> f32 {
    let sign = if byte & 0x80 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(byte >> 3 & 0xf);
    let mantissa = f32::from(byte & 7);
    let magnitude = match (exponent, byte & 7) {
        (15, 7) => f32::NAN,
        (0, _) => mantissa * 2f32.powi(-9),
        _ => (8.0 + mantissa) * 2f32.powi(exponent - 10),
    };
    sign * magnitude
}

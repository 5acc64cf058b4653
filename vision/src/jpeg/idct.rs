//! The inverse cosine transform, in integers: the factorisation of Loeffler, Ligtenberg and
//! Moschytz in 13-bit fixed point, with two more bits kept between the columns and the rows.
//!
//! The roundings are those of libjpeg's accurate transform, which every pixel depends on; so is
//! the width of 16 bits wherever its vector code has that.

use super::tables::Quantisation;

/// The cosines' products, in units of 2^-13.
mod c {
    pub(super) const C0_298: i32 = 2446;
    pub(super) const C0_390: i32 = 3196;
    pub(super) const C0_541: i32 = 4433;
    pub(super) const C0_765: i32 = 6270;
    pub(super) const C0_899: i32 = 7373;
    pub(super) const C1_175: i32 = 9633;
    pub(super) const C1_501: i32 = 12299;
    pub(super) const C1_847: i32 = 15137;
    pub(super) const C1_961: i32 = 16069;
    pub(super) const C2_053: i32 = 16819;
    pub(super) const C2_562: i32 = 20995;
    pub(super) const C3_072: i32 = 25172;
}

const BITS: i32 = 13;
/// Bits that the columns' results keep behind the point.
const KEPT: i32 = 2;

type Square = [[i16; 8]; 8];

/// Turns a block's coefficients, row by row, into 8 rows of 8 samples, `stride` apart.
#[inline]
pub(super) fn idct(
    coefficients: &[i16; 64],
    quantisation: &Quantisation,
    samples: &mut [u8],
    stride: usize,
) {
    let mut square = [[0; 8]; 8];
    for (i, row) in square.iter_mut().enumerate() {
        for (k, value) in row.iter_mut().enumerate() {
            *value = coefficients[i * 8 + k].wrapping_mul(quantisation[i * 8 + k]);
        }
    }
    let square = transpose(&columns::<{ BITS - KEPT }>(&square));
    let square = transpose(&columns::<{ BITS + KEPT + 3 }>(&square));
    for (row, out) in square.iter().zip(samples.chunks_mut(stride)) {
        if let Some(out) = out.first_chunk_mut::<8>() {
            for (out, &value) in out.iter_mut().zip(row) {
                *out = sample(value);
            }
        }
    }
}

/// [`idct`] of a block without other coefficients than the first.
#[inline]
pub(super) fn flat(dc: i16, quantisation: &Quantisation, samples: &mut [u8], stride: usize) {
    let column = i32::from(dc.wrapping_mul(quantisation[0]).wrapping_shl(KEPT as u32));
    let value = sample(((column + (1 << (KEPT + 2))) >> (KEPT + 3)) as i16);
    for out in samples.chunks_mut(stride).take(8) {
        if let Some(out) = out.first_chunk_mut::<8>() {
            *out = [value; 8];
        }
    }
}

#[inline]
fn sample(value: i16) -> u8 {
    value.saturating_add(128).clamp(0, 255) as u8
}

/// Transforms the eight columns, and drops `SHIFT` bits.
#[inline]
fn columns<const SHIFT: i32>(x: &Square) -> Square {
    let mut out = [[0; 8]; 8];
    for i in 0..8 {
        let column = [x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], x[5][i], x[6][i], x[7][i]];
        let [even, odd] = [even(column), odd(column)];
        for k in 0..4 {
            out[k][i] = descale::<SHIFT>(even[k] + odd[k]);
            out[7 - k][i] = descale::<SHIFT>(even[k] - odd[k]);
        }
    }
    out
}

#[inline]
fn descale<const SHIFT: i32>(value: i32) -> i16 {
    let value = (value + (1 << (SHIFT - 1))) >> SHIFT;
    value.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

#[inline]
fn even([x0, _, x2, _, x4, _, x6, _]: [i16; 8]) -> [i32; 4] {
    let sum = i32::from(x0.wrapping_add(x4)) << BITS;
    let difference = i32::from(x0.wrapping_sub(x4)) << BITS;
    let (x2, x6) = (i32::from(x2), i32::from(x6));
    let a = x2 * (c::C0_541 + c::C0_765) + x6 * c::C0_541;
    let b = x2 * c::C0_541 + x6 * (c::C0_541 - c::C1_847);
    [sum + a, difference + b, difference - b, sum - a]
}

#[inline]
fn odd([_, x1, _, x3, _, x5, _, x7]: [i16; 8]) -> [i32; 4] {
    let (s, t) = (i32::from(x3.wrapping_add(x7)), i32::from(x1.wrapping_add(x5)));
    let (x1, x3, x5, x7) = (i32::from(x1), i32::from(x3), i32::from(x5), i32::from(x7));
    let u = s * (c::C1_175 - c::C1_961) + t * c::C1_175;
    let v = s * c::C1_175 + t * (c::C1_175 - c::C0_390);
    [
        x1 * (c::C1_501 - c::C0_899) - x7 * c::C0_899 + v,
        x3 * (c::C3_072 - c::C2_562) - x5 * c::C2_562 + u,
        x5 * (c::C2_053 - c::C2_562) - x3 * c::C2_562 + v,
        x7 * (c::C0_298 - c::C0_899) - x1 * c::C0_899 + u,
    ]
}

/// Three rounds, each of which interleaves the upper four rows with the lower four.
#[inline]
fn transpose(x: &Square) -> Square {
    interleave(&interleave(&interleave(x)))
}

#[inline]
fn interleave(x: &Square) -> Square {
    let mut out = [[0; 8]; 8];
    for i in 0..4 {
        let (a, b) = (x[i], x[i + 4]);
        out[2 * i] = [a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]];
        out[2 * i + 1] = [a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]];
    }
    out
}

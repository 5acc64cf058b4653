//! From components to RGB pixels.

use super::frame::Frame;

/// What the components mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Color {
    Gray,
    Rgb,
    YCbCr,
    /// Inks, stored as Adobe does: 255 is none.
    Cmyk,
    /// The same, with the first three inverted, as brightness and colour differences.
    Ycck,
}

impl Color {
    /// Reads it off the component count, the JFIF marker, the Adobe marker's transform and, for
    /// want of markers, the components' names, in this order.
    pub(super) fn of(frame: &Frame, jfif: bool, adobe: Option<u8>) -> Self {
        let ids = frame.components.iter().map(|component| component.id).collect::<Vec<_>>();
        match (ids.len(), jfif, adobe) {
            (1, ..) => Self::Gray,
            (3, false, Some(0)) => Self::Rgb,
            (3, false, None) if ids == *b"RGB" => Self::Rgb,
            (3, ..) => Self::YCbCr,
            (_, _, None | Some(0)) => Self::Cmyk,
            _ => Self::Ycck,
        }
    }

    /// Writes a row of pixels from a row of each component.
    pub(super) fn convert(self, rows: &[&[u8]], out: &mut [[u8; 3]]) {
        match (self, rows) {
            (Self::Gray, [gray, ..]) => {
                out.iter_mut().zip(*gray).for_each(|(pixel, &v)| *pixel = [v; 3]);
            }
            (Self::Rgb, [r, g, b, ..]) => each(out, [r, g, b], |v| v),
            (Self::YCbCr, [y, cb, cr, ..]) => each(out, [y, cb, cr], rgb),
            (Self::Cmyk, [c, m, y, k]) => {
                each(out, [c, m, y], |v| v);
                blacken(out, k);
            }
            (Self::Ycck, [y, cb, cr, k]) => {
                each(out, [y, cb, cr], |v| rgb(v).map(|v| 255 - v));
                blacken(out, k);
            }
            _ => {}
        }
    }
}

/// How many pixels are converted together.
const GROUP: usize = 16;

/// Writes pixels from three rows, by groups so that the arithmetic becomes vectors.
#[inline]
fn each(out: &mut [[u8; 3]], rows: [&[u8]; 3], pixel: impl Fn([u8; 3]) -> [u8; 3]) {
    let groups = rows.map(|row| row[..out.len()].as_chunks::<GROUP>());
    let [(a, a_rest), (b, b_rest), (c, c_rest)] = groups;
    let (out, out_rest) = out.as_chunks_mut::<GROUP>();
    for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
        let mut pixels = [0; GROUP];
        for i in 0..GROUP {
            let [r, g, b] = pixel([a[i], b[i], c[i]]);
            pixels[i] = u32::from_le_bytes([r, g, b, 0]);
        }
        store(&pixels, out.as_flattened_mut());
    }
    for (((out, &a), &b), &c) in out_rest.iter_mut().zip(a_rest).zip(b_rest).zip(c_rest) {
        *out = pixel([a, b, c]);
    }
}

/// Writes four bytes a pixel, three bytes apart, so that each covers the last byte of the one
/// before it.
#[inline]
fn store(pixels: &[u32; GROUP], out: &mut [u8]) {
    let Some(out) = out.first_chunk_mut::<{ GROUP * 3 }>() else { return };
    for i in 0..GROUP - 1 {
        out[i * 3..i * 3 + 4].copy_from_slice(&pixels[i].to_le_bytes());
    }
    out[GROUP * 3 - 3..].copy_from_slice(&pixels[GROUP - 1].to_le_bytes()[..3]);
}

/// Brightness and colour differences to RGB, with the factors 1.402, 0.34414, 0.71414 and 1.772
/// in 16-bit fixed point, each less or more by a whole number so as to fit into 16 bits.
#[inline]
fn rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    const RED: i16 = (91_881 - (1 << 16)) as i16;
    const GREEN_CB: i16 = -22_554;
    const GREEN_CR: i16 = ((1 << 16) - 46_802) as i16;
    const BLUE: i16 = (116_130 - (2 << 16)) as i16;
    let (y, cb, cr) = (i16::from(y), i16::from(cb) - 128, i16::from(cr) - 128);
    let r = y + cr + scaled(cr, RED);
    let green = i32::from(cb) * i32::from(GREEN_CB) + i32::from(cr) * i32::from(GREEN_CR);
    let g = y - cr + ((green + (1 << 15)) >> 16) as i16;
    let b = y + 2 * cb + scaled(cb, BLUE);
    [r.clamp(0, 255) as u8, g.clamp(0, 255) as u8, b.clamp(0, 255) as u8]
}

/// A difference times a factor of 2^-16, rounded to the nearest, in steps that fit into 16 bits.
#[inline]
fn scaled(difference: i16, factor: i16) -> i16 {
    let halves = ((i32::from(2 * difference) * i32::from(factor)) >> 16) as i16;
    (halves + 1) >> 1
}

/// Lets the black ink darken the pixels, as Pillow does.
fn blacken(out: &mut [[u8; 3]], black: &[u8]) {
    for (pixel, &k) in out.iter_mut().zip(black) {
        *pixel = pixel.map(|v| {
            let ink = u32::from(255 - v) * u32::from(k) + 128;
            k.saturating_sub(((ink + (ink >> 8)) >> 8) as u8)
        });
    }
}

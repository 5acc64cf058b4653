//! Conversion between integers and floats. The compiler makes vectors of these loops.

use crate::Context;
use crate::split::rows_mut;

/// Towards zero; not-a-number becomes zero and what is out of range the nearest integer.
///
/// # Panics
/// When the lengths differ.
pub fn to_i32(ctx: Context, x: &[f32], out: &mut [i32]) {
    assert_eq!(x.len(), out.len());
    rows_mut(ctx.pool, out, 1, 1, |first, out| {
        for (out, &x) in out.iter_mut().zip(&x[first..]) {
            *out = x as i32;
        }
    });
}

/// To the nearest float.
///
/// # Panics
/// When the lengths differ.
pub fn to_f32(ctx: Context, x: &[i32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len());
    rows_mut(ctx.pool, out, 1, 1, |first, out| {
        for (out, &x) in out.iter_mut().zip(&x[first..]) {
            *out = x as f32;
        }
    });
}

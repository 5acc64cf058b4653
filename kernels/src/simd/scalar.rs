//! One lane, plain Rust.

use super::{Kernel, Simd};
use crate::Isa;

/// The token of plain Rust.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

impl Simd for Scalar {
    type F32 = f32;
    type Mask = bool;

    const LANES: usize = 1;
    const ISA: Isa = Isa::Scalar;

    #[inline(never)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }

    #[inline(always)]
    fn halves(self, pairs: f32) -> [f32; 2] {
        let bits = pairs.to_bits();
        [f32::from_bits(bits << 16), f32::from_bits(bits & !0xffff)]
    }

    #[inline(always)]
    fn splat(self, x: f32) -> f32 {
        x
    }

    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> f32 {
        // SAFETY: the caller vouches for one float.
        unsafe { from.read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store_ptr(self, v: f32, to: *mut f32) {
        // SAFETY: the caller vouches for one float.
        unsafe { to.write_unaligned(v) }
    }

    #[inline(always)]
    unsafe fn load_ptr_partial(self, from: *const f32, n: usize) -> f32 {
        // SAFETY: the caller vouches for `n` floats.
        if n == 0 { 0.0 } else { unsafe { from.read_unaligned() } }
    }

    #[inline(always)]
    unsafe fn store_ptr_partial(self, v: f32, to: *mut f32, n: usize) {
        if n > 0 {
            // SAFETY: the caller vouches for `n` floats.
            unsafe { to.write_unaligned(v) }
        }
    }

    #[inline(always)]
    fn add(self, a: f32, b: f32) -> f32 {
        a + b
    }

    #[inline(always)]
    fn sub(self, a: f32, b: f32) -> f32 {
        a - b
    }

    #[inline(always)]
    fn mul(self, a: f32, b: f32) -> f32 {
        a * b
    }

    #[inline(always)]
    fn div(self, a: f32, b: f32) -> f32 {
        a / b
    }

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }

    #[inline(always)]
    fn neg_mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        c - a * b
    }

    #[inline(always)]
    fn min(self, a: f32, b: f32) -> f32 {
        if a < b { a } else { b }
    }

    #[inline(always)]
    fn max(self, a: f32, b: f32) -> f32 {
        if a > b { a } else { b }
    }

    #[inline(always)]
    fn abs(self, a: f32) -> f32 {
        a.abs()
    }

    #[inline(always)]
    fn sqrt(self, a: f32) -> f32 {
        a.sqrt()
    }

    #[inline(always)]
    fn round(self, a: f32) -> f32 {
        a.round_ties_even()
    }

    #[inline(always)]
    fn floor(self, a: f32) -> f32 {
        a.floor()
    }

    #[inline(always)]
    fn exponent(self, a: f32) -> f32 {
        (a.to_bits() >> 23) as f32 - 127.0
    }

    #[inline(always)]
    fn mantissa(self, a: f32) -> f32 {
        f32::from_bits(a.to_bits() & 0x007f_ffff | 0x3f80_0000)
    }

    #[inline(always)]
    fn pow2i(self, a: f32) -> f32 {
        f32::from_bits(((a as i32 + 127) as u32) << 23)
    }

    #[inline(always)]
    fn lt(self, a: f32, b: f32) -> bool {
        a < b
    }

    #[inline(always)]
    fn is_nan(self, a: f32) -> bool {
        a.is_nan()
    }

    #[inline(always)]
    fn select(self, mask: bool, yes: f32, no: f32) -> f32 {
        if mask { yes } else { no }
    }

    #[inline(always)]
    fn copysign(self, a: f32, sign: f32) -> f32 {
        a.copysign(sign)
    }

    #[inline(always)]
    fn zip(self, a: f32, b: f32) -> [f32; 2] {
        [a, b]
    }

    #[inline(always)]
    fn reduce_add(self, a: f32) -> f32 {
        a
    }

    #[inline(always)]
    fn reduce_max(self, a: f32) -> f32 {
        a
    }
}

//! 4 lanes of NEON.

use std::arch::aarch64::*;

use super::{Kernel, Simd};
use crate::Isa;

/// The token of NEON.
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

impl Neon {
    /// The token, where the processor has the instructions.
    pub fn new() -> Option<Neon> {
        Isa::Neon.is_available().then_some(Neon(()))
    }

    /// Runs `kernel` in a function that is compiled for NEON.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { run(self, kernel) }
    }
}

#[target_feature(enable = "neon")]
fn run<K: Kernel>(simd: Neon, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[target_feature(enable = "neon")]
#[inline(never)]
fn call<K: Kernel>(simd: Neon, kernel: K) -> K::Output {
    kernel.run(simd)
}

/// Two floats in the lower lanes, zero in the upper.
///
/// # Safety
/// They can be read.
#[inline(always)]
unsafe fn load_two(from: *const f32) -> float32x4_t {
    // SAFETY: the caller's contract; called by methods of the token only.
    unsafe { vcombine_f32(vld1_f32(from), vdup_n_f32(0.0)) }
}

/// Each body is one intrinsic, or a few.
macro_rules! lanes {
    ($($name:ident($($arg:ident),+) = $body:expr;)+) => {
        $(#[inline(always)]
        fn $name(self, $($arg: float32x4_t),+) -> float32x4_t {
            // SAFETY: the token exists, so the processor has the instructions.
            unsafe { $body }
        })+
    };
}

impl Simd for Neon {
    type F32 = float32x4_t;
    type Mask = uint32x4_t;

    const LANES: usize = 4;
    const ISA: Isa = Isa::Neon;

    lanes! {
        add(a, b) = vaddq_f32(a, b);
        sub(a, b) = vsubq_f32(a, b);
        mul(a, b) = vmulq_f32(a, b);
        div(a, b) = vdivq_f32(a, b);
        mul_add(a, b, c) = vfmaq_f32(c, a, b);
        neg_mul_add(a, b, c) = vfmsq_f32(c, a, b);
        min(a, b) = vbslq_f32(vcltq_f32(a, b), a, b);
        max(a, b) = vbslq_f32(vcgtq_f32(a, b), a, b);
        abs(a) = vabsq_f32(a);
        sqrt(a) = vsqrtq_f32(a);
        round(a) = vrndnq_f32(a);
        floor(a) = vrndmq_f32(a);
        exponent(a) = {
            let biased = vshrq_n_u32::<23>(vreinterpretq_u32_f32(a));
            vsubq_f32(vcvtq_f32_u32(biased), vdupq_n_f32(127.0))
        };
        mantissa(a) = vbslq_f32(vdupq_n_u32(0x007f_ffff), a, vdupq_n_f32(1.0));
        pow2i(a) = {
            let biased = vaddq_s32(vcvtq_s32_f32(a), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
        };
        copysign(a, sign) = vbslq_f32(vdupq_n_u32(1 << 31), sign, a);
    }

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { call(self, kernel) }
    }

    #[inline(always)]
    fn halves(self, pairs: float32x4_t) -> [float32x4_t; 2] {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe {
            let bits = vreinterpretq_u32_f32(pairs);
            let high = vandq_u32(bits, vdupq_n_u32(!0xffff));
            [vreinterpretq_f32_u32(vshlq_n_u32::<16>(bits)), vreinterpretq_f32_u32(high)]
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> float32x4_t {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { vdupq_n_f32(x) }
    }

    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> float32x4_t {
        // SAFETY: the caller vouches for 4 floats.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store_ptr(self, v: float32x4_t, to: *mut f32) {
        // SAFETY: the caller vouches for 4 floats.
        unsafe { vst1q_f32(to, v) }
    }

    #[inline(always)]
    unsafe fn load_ptr_partial(self, from: *const f32, n: usize) -> float32x4_t {
        // SAFETY: the caller vouches for `n` floats.
        unsafe {
            match n {
                0 => vdupq_n_f32(0.0),
                1 => vld1q_lane_f32::<0>(from, vdupq_n_f32(0.0)),
                2 => load_two(from),
                3 => vld1q_lane_f32::<2>(from.add(2), load_two(from)),
                _ => vld1q_f32(from),
            }
        }
    }

    #[inline(always)]
    unsafe fn store_ptr_partial(self, v: float32x4_t, to: *mut f32, n: usize) {
        // SAFETY: the caller vouches for `n` floats.
        unsafe {
            match n {
                0 => {}
                1 => vst1q_lane_f32::<0>(to, v),
                2 => vst1_f32(to, vget_low_f32(v)),
                3 => {
                    vst1_f32(to, vget_low_f32(v));
                    vst1q_lane_f32::<2>(to.add(2), v);
                }
                _ => vst1q_f32(to, v),
            }
        }
    }

    #[inline(always)]
    fn lt(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { vcltq_f32(a, b) }
    }

    #[inline(always)]
    fn is_nan(self, a: float32x4_t) -> uint32x4_t {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { vmvnq_u32(vceqq_f32(a, a)) }
    }

    #[inline(always)]
    fn select(self, mask: uint32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { vbslq_f32(mask, yes, no) }
    }

    #[inline(always)]
    fn zip(self, a: float32x4_t, b: float32x4_t) -> [float32x4_t; 2] {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { [vzip1q_f32(a, b), vzip2q_f32(a, b)] }
    }

    #[inline(always)]
    fn reduce_add(self, a: float32x4_t) -> f32 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { vaddvq_f32(a) }
    }

    #[inline(always)]
    fn reduce_max(self, a: float32x4_t) -> f32 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { vmaxvq_f32(a) }
    }
}

//! 16 lanes of AVX-512.

use std::arch::x86_64::*;
use std::mem::transmute;

use super::{Kernel, Simd, bf16};
use crate::Isa;

/// The token of AVX-512 F, VL, BW and DQ; with `BF16`, of its instructions for bf16 too; with `TILES`, of AMX for bf16.
#[derive(Clone, Copy, Debug)]
pub struct Avx512<const BF16: bool = false, const TILES: bool = false>(());

impl Avx512 {
    /// The token, where the processor has the instructions.
    pub fn new() -> Option<Avx512> {
        Isa::Avx512.is_available().then_some(Avx512(()))
    }
}

impl Avx512<true> {
    /// The token, where the processor has the instructions.
    pub fn with_bf16() -> Option<Avx512<true>> {
        let available = Isa::Avx512.is_available() && is_x86_feature_detected!("avx512bf16");
        available.then_some(Avx512(()))
    }
}

#[cfg(target_os = "linux")]
impl Avx512<true, true> {
    /// The token, where the processor has the instructions and the system lets them be used.
    pub fn with_tiles() -> Option<Avx512<true, true>> {
        Isa::Amx.is_available().then_some(Avx512(()))
    }
}

impl<const BF16: bool, const TILES: bool> Avx512<BF16, TILES> {
    /// Runs `kernel` in a function that is compiled for AVX-512.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { if BF16 { run_bf16(self, kernel) } else { run(self, kernel) } }
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
fn run<K: Kernel, S: Simd>(simd: S, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,avx512bf16")]
fn run_bf16<K: Kernel, S: Simd>(simd: S, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma")]
#[inline(never)]
fn call<K: Kernel, S: Simd>(simd: S, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[target_feature(enable = "avx512f,avx512vl,avx512bw,avx512dq,avx2,fma,avx512bf16")]
#[inline(never)]
fn call_bf16<K: Kernel, S: Simd>(simd: S, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[inline(always)]
fn first(n: usize) -> __mmask16 {
    ((1u32 << n) - 1) as __mmask16
}

/// Each body is one intrinsic, or a few.
macro_rules! lanes {
    ($($name:ident($($arg:ident),+) = $body:expr;)+) => {
        $(#[inline(always)]
        fn $name(self, $($arg: __m512),+) -> __m512 {
            // SAFETY: the token exists, so the processor has the instructions.
            unsafe { $body }
        })+
    };
}

impl<const BF16: bool, const TILES: bool> Simd for Avx512<BF16, TILES> {
    type F32 = __m512;
    type Mask = __mmask16;

    const LANES: usize = 16;
    const ISA: Isa = if TILES { Isa::Amx } else { Isa::Avx512 };

    lanes! {
        add(a, b) = _mm512_add_ps(a, b);
        sub(a, b) = _mm512_sub_ps(a, b);
        mul(a, b) = _mm512_mul_ps(a, b);
        div(a, b) = _mm512_div_ps(a, b);
        mul_add(a, b, c) = _mm512_fmadd_ps(a, b, c);
        neg_mul_add(a, b, c) = _mm512_fnmadd_ps(a, b, c);
        min(a, b) = _mm512_min_ps(a, b);
        max(a, b) = _mm512_max_ps(a, b);
        abs(a) = _mm512_abs_ps(a);
        sqrt(a) = _mm512_sqrt_ps(a);
        round(a) = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        floor(a) = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>(a);
        exponent(a) = _mm512_getexp_ps(a);
        mantissa(a) = _mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(a);
        ldexp(a, n) = _mm512_scalef_ps(a, n);
        mul_pow2i(a, n) = _mm512_scalef_ps(a, n);
        mul_pow2_floor(a, n) = _mm512_scalef_ps(a, n);
        pow2i(a) = _mm512_scalef_ps(_mm512_set1_ps(1.0), a);
        copysign(a, sign) = {
            let bit = _mm512_set1_ps(-0.0);
            _mm512_or_ps(_mm512_andnot_ps(bit, a), _mm512_and_ps(bit, sign))
        };
    }

    #[inline(always)]
    fn fetch_l1(self, from: *const f32) {
        // SAFETY: the token exists, so the processor has the instruction; a wrong address is no error.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) };
    }

    #[inline(always)]
    fn fetch_l2(self, from: *const f32) {
        // SAFETY: the token exists, so the processor has the instruction; a wrong address is no error.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(from.cast()) };
    }

    #[inline(always)]
    fn fraction(self, a: __m512) -> __m512 {
        const TO_FLOOR: i32 = _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC;
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm512_reduce_ps::<TO_FLOOR>(a) }
    }

    #[inline(always)]
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { if BF16 { call_bf16(self, kernel) } else { call(self, kernel) } }
    }

    #[inline(always)]
    fn pairs(self, low: __m512, high: __m512) -> __m512 {
        if !BF16 {
            return bf16::pairs(self, low, high);
        }
        // SAFETY: the token exists, so the processor has the instructions; both types are 512 bits.
        unsafe { transmute::<__m512bh, __m512>(_mm512_cvtne2ps_pbh(high, low)) }
    }

    #[inline(always)]
    fn dot_pairs(self, a: __m512, b: __m512, sums: __m512) -> __m512 {
        if !BF16 {
            return bf16::dot_pairs(self, a, b, sums);
        }
        // SAFETY: as above.
        unsafe {
            let [a, b] = [a, b].map(|x| transmute::<__m512, __m512bh>(x));
            _mm512_dpbf16_ps(sums, a, b)
        }
    }

    #[inline(always)]
    fn halves(self, pairs: __m512) -> [__m512; 2] {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe {
            let bits = _mm512_castps_si512(pairs);
            let high = _mm512_and_si512(bits, _mm512_set1_epi32(!0xffff));
            let low = _mm512_slli_epi32::<16>(bits);
            [_mm512_castsi512_ps(low), _mm512_castsi512_ps(high)]
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m512 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm512_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> __m512 {
        // SAFETY: the caller vouches for 16 floats.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store_ptr(self, v: __m512, to: *mut f32) {
        // SAFETY: the caller vouches for 16 floats.
        unsafe { _mm512_storeu_ps(to, v) }
    }

    #[inline(always)]
    unsafe fn load_ptr_partial(self, from: *const f32, n: usize) -> __m512 {
        // SAFETY: masked lanes are not touched, the caller vouches for the others.
        unsafe { _mm512_maskz_loadu_ps(first(n), from) }
    }

    #[inline(always)]
    unsafe fn store_ptr_partial(self, v: __m512, to: *mut f32, n: usize) {
        // SAFETY: masked lanes are not touched, the caller vouches for the others.
        unsafe { _mm512_mask_storeu_ps(to, first(n), v) }
    }

    #[inline(always)]
    fn lt(self, a: __m512, b: __m512) -> __mmask16 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b) }
    }

    #[inline(always)]
    fn is_nan(self, a: __m512) -> __mmask16 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(a, a) }
    }

    #[inline(always)]
    fn select(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm512_mask_blend_ps(mask, no, yes) }
    }

    #[inline(always)]
    fn zip(self, a: __m512, b: __m512) -> [__m512; 2] {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
            [_mm512_permutex2var_ps(a, low, b), _mm512_permutex2var_ps(a, high, b)]
        }
    }

    #[inline(always)]
    fn reduce_add(self, a: __m512) -> f32 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm512_reduce_add_ps(a) }
    }

    #[inline(always)]
    fn reduce_max(self, a: __m512) -> f32 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm512_reduce_max_ps(a) }
    }
}

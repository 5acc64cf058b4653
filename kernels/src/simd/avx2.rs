//! 8 lanes of AVX2 with FMA.

use std::arch::x86_64::*;

use super::{Kernel, Simd};
use crate::Isa;

/// The token of AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The token, where the processor has the instructions.
    pub fn new() -> Option<Avx2> {
        Isa::Avx2.is_available().then_some(Avx2(()))
    }

    /// Runs `kernel` in a function that is compiled for AVX2.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { run(self, kernel) }
    }
}

#[target_feature(enable = "avx2,fma")]
fn run<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
    kernel.run(simd)
}

#[target_feature(enable = "avx2,fma")]
#[inline(never)]
fn call<K: Kernel>(simd: Avx2, kernel: K) -> K::Output {
    kernel.run(simd)
}

/// All bits set in the first `n` lanes.
#[inline(always)]
fn first(n: usize) -> __m256i {
    // SAFETY: called by methods of the token only.
    unsafe {
        let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), lane)
    }
}

/// Each body is one intrinsic, or a few.
macro_rules! lanes {
    ($($name:ident($($arg:ident),+) = $body:expr;)+) => {
        $(#[inline(always)]
        fn $name(self, $($arg: __m256),+) -> __m256 {
            // SAFETY: the token exists, so the processor has the instructions.
            unsafe { $body }
        })+
    };
}

impl Simd for Avx2 {
    type F32 = __m256;
    type Mask = __m256;

    const LANES: usize = 8;
    const ISA: Isa = Isa::Avx2;

    lanes! {
        add(a, b) = _mm256_add_ps(a, b);
        sub(a, b) = _mm256_sub_ps(a, b);
        mul(a, b) = _mm256_mul_ps(a, b);
        div(a, b) = _mm256_div_ps(a, b);
        mul_add(a, b, c) = _mm256_fmadd_ps(a, b, c);
        neg_mul_add(a, b, c) = _mm256_fnmadd_ps(a, b, c);
        min(a, b) = _mm256_min_ps(a, b);
        max(a, b) = _mm256_max_ps(a, b);
        abs(a) = _mm256_andnot_ps(_mm256_set1_ps(-0.0), a);
        sqrt(a) = _mm256_sqrt_ps(a);
        round(a) = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(a);
        floor(a) = _mm256_floor_ps(a);
        exponent(a) = {
            let biased = _mm256_srli_epi32::<23>(_mm256_castps_si256(a));
            _mm256_sub_ps(_mm256_cvtepi32_ps(biased), _mm256_set1_ps(127.0))
        };
        mantissa(a) = {
            let low = _mm256_and_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(0x007f_ffff)));
            _mm256_or_ps(low, _mm256_set1_ps(1.0))
        };
        pow2i(a) = {
            let biased = _mm256_add_epi32(_mm256_cvtps_epi32(a), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
        };
        copysign(a, sign) = {
            let bit = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_andnot_ps(bit, a), _mm256_and_ps(bit, sign))
        };
        lt(a, b) = _mm256_cmp_ps::<_CMP_LT_OQ>(a, b);
        is_nan(a) = _mm256_cmp_ps::<_CMP_UNORD_Q>(a, a);
        select(mask, yes, no) = _mm256_blendv_ps(no, yes, mask);
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
    fn call<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { call(self, kernel) }
    }

    #[inline(always)]
    fn halves(self, pairs: __m256) -> [__m256; 2] {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe {
            let bits = _mm256_castps_si256(pairs);
            let high = _mm256_and_si256(bits, _mm256_set1_epi32(!0xffff));
            let low = _mm256_slli_epi32::<16>(bits);
            [_mm256_castsi256_ps(low), _mm256_castsi256_ps(high)]
        }
    }

    #[inline(always)]
    fn splat(self, x: f32) -> __m256 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe { _mm256_set1_ps(x) }
    }

    #[inline(always)]
    unsafe fn load_ptr(self, from: *const f32) -> __m256 {
        // SAFETY: the caller vouches for 8 floats.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store_ptr(self, v: __m256, to: *mut f32) {
        // SAFETY: the caller vouches for 8 floats.
        unsafe { _mm256_storeu_ps(to, v) }
    }

    #[inline(always)]
    unsafe fn load_ptr_partial(self, from: *const f32, n: usize) -> __m256 {
        // SAFETY: masked lanes are not touched, the caller vouches for the others.
        unsafe { _mm256_maskload_ps(from, first(n)) }
    }

    #[inline(always)]
    unsafe fn store_ptr_partial(self, v: __m256, to: *mut f32, n: usize) {
        // SAFETY: masked lanes are not touched, the caller vouches for the others.
        unsafe { _mm256_maskstore_ps(to, first(n), v) }
    }

    #[inline(always)]
    fn zip(self, a: __m256, b: __m256) -> [__m256; 2] {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe {
            let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
        }
    }

    #[inline(always)]
    fn reduce_add(self, a: __m256) -> f32 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe {
            let x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
        }
    }

    #[inline(always)]
    fn reduce_max(self, a: __m256) -> f32 {
        // SAFETY: the token exists, so the processor has the instructions.
        unsafe {
            let x = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
            let x = _mm_max_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)))
        }
    }
}

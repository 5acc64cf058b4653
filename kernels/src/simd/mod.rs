//! Vectors of `f32`, one implementation per instruction set.
//!
//! A [`Simd`] value is a token: it exists only where the processor has the instructions, so its methods are safe to call.
//! An algorithm is a [`Kernel`], written once and generic over the token; [`dispatch`] runs it inside a function that is
//! compiled for the instruction set, into which everything `#[inline(always)]` is inlined.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub(crate) mod bf16;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

#[cfg(test)]
mod tests;

#[cfg(target_arch = "x86_64")]
pub use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub use neon::Neon;
pub use scalar::Scalar;

use crate::Isa;

/// Arithmetic on vectors of [`Simd::LANES`] floats.
///
/// Implementations are `#[inline(always)]` throughout: the intrinsics only become instructions inside a function that is
/// compiled for them.
pub trait Simd: Copy + Send + Sync + 'static {
    /// A vector register of floats.
    type F32: Copy;
    /// One truth value per lane.
    type Mask: Copy;

    /// Floats in a vector.
    const LANES: usize;
    /// The instruction set behind the token.
    const ISA: Isa;

    /// Runs `kernel` in a function of its own, compiled for the instruction set: for loops that need all registers.
    fn call<K: Kernel>(self, kernel: K) -> K::Output;

    /// `x` in every lane.
    fn splat(self, x: f32) -> Self::F32;

    /// The floats at `from`.
    ///
    /// # Safety
    /// `LANES` floats can be read at `from`; no alignment is asked for.
    unsafe fn load_ptr(self, from: *const f32) -> Self::F32;

    /// Writes all lanes to `to`.
    ///
    /// # Safety
    /// `LANES` floats can be written at `to`; no alignment is asked for.
    unsafe fn store_ptr(self, v: Self::F32, to: *mut f32);

    /// The first `n` floats at `from`, zero in the other lanes.
    ///
    /// # Safety
    /// `n` floats can be read at `from` and `n <= LANES`.
    unsafe fn load_ptr_partial(self, from: *const f32, n: usize) -> Self::F32;

    /// Writes the first `n` lanes to `to`.
    ///
    /// # Safety
    /// `n` floats can be written at `to` and `n <= LANES`.
    unsafe fn store_ptr_partial(self, v: Self::F32, to: *mut f32, n: usize);

    /// `a + b`.
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a - b`.
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a * b`.
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a / b`.
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a * b + c`, rounded once where the instruction set can.
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// `c - a * b`, rounded once where the instruction set can.
    fn neg_mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// The smaller of each lane; `b` where either is not a number.
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// The larger of each lane; `b` where either is not a number.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// Absolute value.
    fn abs(self, a: Self::F32) -> Self::F32;
    /// Square root.
    fn sqrt(self, a: Self::F32) -> Self::F32;
    /// To the nearest integer, ties to even.
    fn round(self, a: Self::F32) -> Self::F32;
    /// To the nearest integer that is not above.
    fn floor(self, a: Self::F32) -> Self::F32;
    /// `2^a` for integer-valued `a` in `-126..=127`.
    fn pow2i(self, a: Self::F32) -> Self::F32;
    /// The exponent of a positive normal `a`: the integer `e` with `2^e <= a < 2^(e+1)`.
    fn exponent(self, a: Self::F32) -> Self::F32;
    /// The mantissa of a positive normal `a`: `a / 2^exponent(a)`, in `1..2`.
    fn mantissa(self, a: Self::F32) -> Self::F32;
    /// `a < b` by lane.
    fn lt(self, a: Self::F32, b: Self::F32) -> Self::Mask;
    /// Whether each lane is not a number.
    fn is_nan(self, a: Self::F32) -> Self::Mask;
    /// `yes` where the mask is set, `no` elsewhere.
    fn select(self, mask: Self::Mask, yes: Self::F32, no: Self::F32) -> Self::F32;
    /// The magnitude of `a` with the sign of `sign`.
    fn copysign(self, a: Self::F32, sign: Self::F32) -> Self::F32;
    /// `a0 b0 a1 b1 ...`: the lower halves of both, lane by lane in turn, and the upper ones.
    fn zip(self, a: Self::F32, b: Self::F32) -> [Self::F32; 2];
    /// The sum of the lanes.
    fn reduce_add(self, a: Self::F32) -> f32;
    /// The largest lane.
    fn reduce_max(self, a: Self::F32) -> f32;

    /// The lower and the upper bf16 of each lane, as floats.
    fn halves(self, pairs: Self::F32) -> [Self::F32; 2];

    /// The floats of `low` and then of `high` as pairs of bf16, the first of a pair in the lower half of its lane; rounded to
    /// the nearest, ties to even.
    #[inline(always)]
    fn pairs(self, low: Self::F32, high: Self::F32) -> Self::F32 {
        bf16::pairs(self, low, high)
    }

    /// `sums` and the products of both bf16 of each lane.
    #[inline(always)]
    fn dot_pairs(self, a: Self::F32, b: Self::F32, sums: Self::F32) -> Self::F32 {
        bf16::dot_pairs(self, a, b, sums)
    }

    /// `a * 2^n` for integer-valued `n` in `-126..=127`.
    #[inline(always)]
    fn mul_pow2i(self, a: Self::F32, n: Self::F32) -> Self::F32 {
        self.mul(a, self.pow2i(n))
    }

    /// Lets the cache line at `from` come to the first-level cache, if it can be read.
    #[inline(always)]
    fn fetch_l1(self, from: *const f32) {
        let _ = from;
    }

    /// The same for the second-level cache.
    #[inline(always)]
    fn fetch_l2(self, from: *const f32) {
        let _ = from;
    }

    /// `a - floor(a)`.
    #[inline(always)]
    fn fraction(self, a: Self::F32) -> Self::F32 {
        self.sub(a, self.floor(a))
    }

    /// `a * 2^floor(n)` for `n` in `-126..128`.
    #[inline(always)]
    fn mul_pow2_floor(self, a: Self::F32, n: Self::F32) -> Self::F32 {
        self.mul_pow2i(a, self.floor(n))
    }

    /// `a * 2^n` for integer-valued `n` in `-252..=254`, with the limits of `f32` as zero and infinity.
    #[inline(always)]
    fn ldexp(self, a: Self::F32, n: Self::F32) -> Self::F32 {
        let half = self.round(self.mul(n, self.splat(0.5)));
        self.mul(self.mul(a, self.pow2i(half)), self.pow2i(self.sub(n, half)))
    }

    /// The smallest lane.
    #[inline(always)]
    fn reduce_min(self, a: Self::F32) -> f32 {
        -self.reduce_max(self.neg(a))
    }

    /// `-a`.
    #[inline(always)]
    fn neg(self, a: Self::F32) -> Self::F32 {
        self.mul(a, self.splat(-1.0))
    }

    /// Zero in every lane.
    #[inline(always)]
    fn zero(self) -> Self::F32 {
        self.splat(0.0)
    }

    /// The first `LANES` floats of `from`.
    ///
    /// # Panics
    /// When `from` is shorter.
    #[inline(always)]
    fn load(self, from: &[f32]) -> Self::F32 {
        assert!(from.len() >= Self::LANES);
        // SAFETY: the length was just checked.
        unsafe { self.load_ptr(from.as_ptr()) }
    }

    /// Writes all lanes to the beginning of `to`.
    ///
    /// # Panics
    /// When `to` is shorter than a vector.
    #[inline(always)]
    fn store(self, v: Self::F32, to: &mut [f32]) {
        assert!(to.len() >= Self::LANES);
        // SAFETY: the length was just checked.
        unsafe { self.store_ptr(v, to.as_mut_ptr()) }
    }

    /// The floats of `from`, at most `LANES` of them, zero in the other lanes.
    #[inline(always)]
    fn load_partial(self, from: &[f32]) -> Self::F32 {
        // SAFETY: no more is read than `from` holds.
        unsafe { self.load_ptr_partial(from.as_ptr(), from.len().min(Self::LANES)) }
    }

    /// Writes as many lanes as `to` holds.
    #[inline(always)]
    fn store_partial(self, v: Self::F32, to: &mut [f32]) {
        // SAFETY: no more is written than `to` holds.
        unsafe { self.store_ptr_partial(v, to.as_mut_ptr(), to.len().min(Self::LANES)) }
    }
}

/// An algorithm that is written once for all instruction sets.
pub trait Kernel {
    /// What it returns.
    type Output;

    /// Runs with the instructions of `simd`. Implementations are `#[inline(always)]`.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Whether `isa` comes with instructions for bf16 on this machine.
pub fn has_bf16(isa: Isa) -> bool {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 | Isa::Amx => Avx512::with_bf16().is_some(),
        _ => false,
    }
}

/// Runs `kernel` with the instructions of `isa`, and with those for bf16 where the machine has them.
pub fn dispatch_bf16<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if matches!(isa, Isa::Avx512 | Isa::Amx)
        && let Some(simd) = Avx512::with_bf16()
    {
        return simd.run(kernel);
    }
    dispatch(isa, kernel)
}

/// Runs `kernel`, whose products of bf16 may be [`crate::gemm`]'s tiles, with all instructions for them of `isa`.
pub(crate) fn dispatch_products<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if isa == Isa::Amx
        && let Some(simd) = Avx512::with_tiles()
    {
        let _released_at_the_end = amx::Registers;
        return simd.run(kernel);
    }
    dispatch_bf16(isa, kernel)
}

/// Runs `kernel` with the instructions of `isa`.
///
/// An instruction set that this machine lacks runs as [`Isa::Scalar`].
pub fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 | Isa::Amx => match Avx512::new() {
            Some(simd) => simd.run(kernel),
            None => kernel.run(Scalar),
        },
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => match Avx2::new() {
            Some(simd) => simd.run(kernel),
            None => kernel.run(Scalar),
        },
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => match Neon::new() {
            Some(simd) => simd.run(kernel),
            None => kernel.run(Scalar),
        },
        _ => kernel.run(Scalar),
    }
}

//! Loops over one row that several kernels need.

use crate::Factors;
use crate::elementwise::Each;
use crate::simd::Simd;

/// A mask of the first `n` lanes.
#[inline(always)]
pub(crate) fn first_lanes<S: Simd>(s: S, n: usize) -> S::Mask {
    const ONES: [f32; 16] = [1.0; 16];
    s.lt(s.zero(), s.load_partial(&ONES[..n]))
}

/// The first `n` floats at `from`, at most a vector of them, and zero in the other lanes.
///
/// # Safety
/// They can be read.
#[inline(always)]
pub(crate) unsafe fn load_up_to<S: Simd>(s: S, from: *const f32, n: usize) -> S::F32 {
    // SAFETY: the caller's contract.
    unsafe { if n >= S::LANES { s.load_ptr(from) } else { s.load_ptr_partial(from, n) } }
}

/// Writes the first `n` lanes, at most all.
///
/// # Safety
/// They can be written at `to`.
#[inline(always)]
pub(crate) unsafe fn store_up_to<S: Simd>(s: S, v: S::F32, to: *mut f32, n: usize) {
    // SAFETY: the caller's contract.
    unsafe { if n >= S::LANES { s.store_ptr(v, to) } else { s.store_ptr_partial(v, to, n) } }
}

/// Writes the first `n` numbers of both vectors, an even number of them and at most all, as pairs of bf16.
///
/// # Safety
/// `n / 2` floats can be written at `to`.
#[inline(always)]
pub(crate) unsafe fn store_pairs_up_to<S: Simd>(
    s: S,
    low: S::F32,
    high: S::F32,
    to: *mut f32,
    n: usize,
) {
    // SAFETY: the caller's contract.
    unsafe { store_up_to(s, s.pairs(low, high), to, (n / 2).min(S::LANES)) }
}

/// The first `n` numbers at `from`, at most two vectors of them, and zero in the other lanes; pairs hold an even number.
///
/// # Safety
/// `factors.floats(n)` floats can be read at `from`.
#[inline(always)]
pub(crate) unsafe fn load_two<S: Simd>(
    s: S,
    factors: Factors,
    from: *const f32,
    n: usize,
) -> [S::F32; 2] {
    // SAFETY: the caller's contract.
    unsafe {
        if factors == Factors::Bf16 {
            let [first, second] = s.halves(load_up_to(s, from, n / 2));
            return s.zip(first, second);
        }
        let low = load_up_to(s, from, n);
        let high =
            if n > S::LANES { load_up_to(s, from.add(S::LANES), n - S::LANES) } else { s.zero() };
        [low, high]
    }
}

/// Writes the first `n` numbers of both vectors, at most all; of pairs an even number.
///
/// # Safety
/// `factors.floats(n)` floats can be written at `to`.
#[inline(always)]
pub(crate) unsafe fn store_two<S: Simd>(
    s: S,
    factors: Factors,
    [low, high]: [S::F32; 2],
    to: *mut f32,
    n: usize,
) {
    // SAFETY: the caller's contract.
    unsafe {
        if factors == Factors::Bf16 {
            store_pairs_up_to(s, low, high, to, n);
            return;
        }
        store_up_to(s, low, to, n);
        if n > S::LANES {
            store_up_to(s, high, to.add(S::LANES), n - S::LANES);
        }
    }
}

/// The sum of `f(x[i])` for `i < n`, in many partial sums.
///
/// # Safety
/// `n` floats can be read at `x`.
#[inline(always)]
pub(crate) unsafe fn sum_of<S: Simd>(s: S, f: impl Each, x: *const f32, n: usize) -> f32 {
    let mut sums = [s.zero(); 4];
    let mut i = 0;
    // SAFETY: every access is to elements below `n`.
    unsafe {
        while i + 4 * S::LANES <= n {
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum = s.add(*sum, f.each(s, s.load_ptr(x.add(i + k * S::LANES))));
            }
            i += 4 * S::LANES;
        }
        while i < n {
            let left = (n - i).min(S::LANES);
            let v = f.each(s, s.load_ptr_partial(x.add(i), left));
            sums[0] = s.add(sums[0], s.select(first_lanes(s, left), v, s.zero()));
            i += left;
        }
    }
    s.reduce_add(s.add(s.add(sums[0], sums[1]), s.add(sums[2], sums[3])))
}

/// The largest of `n` floats, not-a-number if one of them is not; minus infinity of none.
///
/// # Safety
/// `n` floats can be read at `x`.
#[inline(always)]
pub(crate) unsafe fn max_of<S: Simd>(s: S, x: *const f32, n: usize) -> f32 {
    let lowest = s.splat(f32::NEG_INFINITY);
    let (mut largest, mut undefined) = (lowest, s.zero());
    let mut i = 0;
    while i < n {
        let left = (n - i).min(S::LANES);
        // SAFETY: every access is to elements below `n`.
        let v = unsafe { load_up_to(s, x.add(i), left) };
        undefined = s.select(s.is_nan(v), s.splat(1.0), undefined);
        let v = if left == S::LANES { v } else { s.select(first_lanes(s, left), v, lowest) };
        largest = s.max(v, largest);
        i += left;
    }
    if s.reduce_max(undefined) > 0.0 { f32::NAN } else { s.reduce_max(largest) }
}

/// The element itself.
#[derive(Clone, Copy)]
pub(crate) struct Itself;

impl Each for Itself {
    #[inline(always)]
    fn each<S: Simd>(self, _: S, x: S::F32) -> S::F32 {
        x
    }
}

/// The squared distance from a number.
#[derive(Clone, Copy)]
pub(crate) struct SquareAbout(pub(crate) f32);

impl Each for SquareAbout {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        let d = s.sub(x, s.splat(self.0));
        s.mul(d, d)
    }
}

/// A multiple.
#[derive(Clone, Copy)]
pub(crate) struct Times(pub(crate) f32);

impl Each for Times {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        s.mul(x, s.splat(self.0))
    }
}

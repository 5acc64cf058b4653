//! Weighted sums of a few pixels, the inner loop of everything that interpolates.

use crate::simd::Simd;
use crate::vectors::{load_up_to, store_pairs_up_to};

/// A pixel, or row of pixels, and its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tap {
    /// Which one.
    pub(crate) at: usize,
    /// Its weight.
    pub(crate) weight: f32,
}

/// `out[i] = sum over taps of weight * x[at * step + i]`.
///
/// # Safety
/// `n` floats can be read at `x + at * step` for every tap, and written at `out`, which is apart from them.
#[inline(always)]
pub(crate) unsafe fn blend<S: Simd>(
    s: S,
    taps: &[Tap],
    (x, step): (*const f32, usize),
    (out, n): (*mut f32, usize),
) {
    let mut i = 0;
    // SAFETY: every access is to elements below `n`.
    unsafe {
        while i + 4 * S::LANES <= n {
            whole::<S, 4>(s, taps, (x.add(i), step), out.add(i));
            i += 4 * S::LANES;
        }
        while i + S::LANES <= n {
            whole::<S, 1>(s, taps, (x.add(i), step), out.add(i));
            i += S::LANES;
        }
        if i < n {
            let (x, out, left) = (x.add(i), out.add(i), n - i);
            let mut sum = s.zero();
            for tap in taps {
                let v = s.load_ptr_partial(x.add(tap.at * step), left);
                sum = s.mul_add(v, s.splat(tap.weight), sum);
            }
            s.store_ptr_partial(sum, out, left);
        }
    }
}

/// The same written as pairs of bf16, of `n` numbers, an even number of them.
///
/// # Safety
/// As for [`blend`], with `n / 2` floats at `out`.
#[inline(always)]
pub(crate) unsafe fn blend_to_pairs<S: Simd>(
    s: S,
    taps: &[Tap],
    (x, step): (*const f32, usize),
    (out, n): (*mut f32, usize),
) {
    for at in (0..n).step_by(2 * S::LANES) {
        let left = n - at;
        let (mut low, mut high) = (s.zero(), s.zero());
        // SAFETY: every access is to elements below `n`.
        unsafe {
            for tap in taps {
                let (x, weight) = (x.add(tap.at * step + at), s.splat(tap.weight));
                low = s.mul_add(load_up_to(s, x, left), weight, low);
                if left > S::LANES {
                    high = s.mul_add(load_up_to(s, x.add(S::LANES), left - S::LANES), weight, high);
                }
            }
            store_pairs_up_to(s, low, high, out.add(at / 2), left);
        }
    }
}

/// `V` whole vectors.
///
/// # Safety
/// As for [`blend`].
#[inline(always)]
unsafe fn whole<S: Simd, const V: usize>(
    s: S,
    taps: &[Tap],
    (x, step): (*const f32, usize),
    out: *mut f32,
) {
    let mut sums = [s.zero(); V];
    // SAFETY: the caller's contract.
    unsafe {
        for tap in taps {
            let (x, weight) = (x.add(tap.at * step), s.splat(tap.weight));
            for (v, sum) in sums.iter_mut().enumerate() {
                *sum = s.mul_add(s.load_ptr(x.add(v * S::LANES)), weight, *sum);
            }
        }
        for (v, sum) in sums.into_iter().enumerate() {
            s.store_ptr(sum, out.add(v * S::LANES));
        }
    }
}

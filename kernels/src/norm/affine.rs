//! The last loop of a normalisation.

use crate::simd::Simd;
use crate::vectors::{load_up_to, store_pairs_up_to, store_up_to};

/// What follows the normalisation of a row: a weight and a bias per element, where given.
#[derive(Clone, Copy)]
pub(super) struct Affine<'a> {
    pub(super) weight: Option<&'a [f32]>,
    pub(super) bias: Option<&'a [f32]>,
}

impl Affine<'_> {
    /// Panics unless the parameters have `width` elements.
    pub(super) fn check(&self, width: usize) {
        for part in [self.weight, self.bias].into_iter().flatten() {
            assert_eq!(part.len(), width, "weight or bias of a normalisation");
        }
    }

    /// `out[i] = (x[i] - mean) scale weight[at + i] + bias[at + i]` for `i < n`.
    ///
    /// # Safety
    /// `n` floats can be read at `x` and written at `out`, which are the same or apart; the parameters have `at + n`
    /// elements.
    #[inline(always)]
    pub(super) unsafe fn write<S: Simd>(
        &self,
        s: S,
        (mean, scale): (f32, f32),
        at: usize,
        (x, out, n): (*const f32, *mut f32, usize),
    ) {
        let moments = (s.splat(mean), s.splat(scale));
        for i in (0..n).step_by(S::LANES) {
            let left = (n - i).min(S::LANES);
            // SAFETY: the caller's contract.
            unsafe {
                let v = self.of(s, moments, at + i, x.add(i), left);
                store_up_to(s, v, out.add(i), left);
            }
        }
    }

    /// The same of a whole row, as `n / 2` pairs of bf16.
    ///
    /// # Safety
    /// `n` floats can be read at `x` and half as many written at `out`, which lie apart; the parameters have `n` elements,
    /// an even number.
    #[inline(always)]
    pub(super) unsafe fn write_pairs<S: Simd>(
        &self,
        s: S,
        (mean, scale): (f32, f32),
        (x, out, n): (*const f32, *mut f32, usize),
    ) {
        let moments = (s.splat(mean), s.splat(scale));
        for i in (0..n).step_by(2 * S::LANES) {
            let middle = n.min(i + S::LANES);
            let (first, second) = (middle - i, (n - middle).min(S::LANES));
            // SAFETY: the caller's contract.
            unsafe {
                let low = self.of(s, moments, i, x.add(i), first);
                let high = self.of(s, moments, middle, x.add(middle), second);
                store_pairs_up_to(s, low, high, out.add(i / 2), n - i);
            }
        }
    }

    /// Of `n` numbers at `x`, at most a vector of them, with the parameters from `at` on.
    ///
    /// # Safety
    /// As for [`Affine::write`].
    #[inline(always)]
    unsafe fn of<S: Simd>(
        &self,
        s: S,
        (mean, scale): (S::F32, S::F32),
        at: usize,
        x: *const f32,
        n: usize,
    ) -> S::F32 {
        // SAFETY: the caller's contract.
        unsafe {
            let mut v = s.mul(s.sub(load_up_to(s, x, n), mean), scale);
            if let Some(weight) = self.weight {
                v = s.mul(v, load_up_to(s, weight.as_ptr().add(at), n));
            }
            if let Some(bias) = self.bias {
                v = s.add(v, load_up_to(s, bias.as_ptr().add(at), n));
            }
            v
        }
    }
}

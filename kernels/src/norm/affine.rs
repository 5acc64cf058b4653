//! The last loop of a normalisation.

use crate::simd::Simd;
use crate::vectors::{load_up_to, store_up_to};

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
        let (mean, scale) = (s.splat(mean), s.splat(scale));
        let mut i = 0;
        while i < n {
            let left = (n - i).min(S::LANES);
            // SAFETY: the caller's contract.
            unsafe {
                let mut v = s.mul(s.sub(load_up_to(s, x.add(i), left), mean), scale);
                if let Some(weight) = self.weight {
                    v = s.mul(v, load_up_to(s, weight.as_ptr().add(at + i), left));
                }
                if let Some(bias) = self.bias {
                    v = s.add(v, load_up_to(s, bias.as_ptr().add(at + i), left));
                }
                store_up_to(s, v, out.add(i), left);
            }
            i += left;
        }
    }
}

//! The left-hand side of a product in bf16.

use std::cell::Cell;
use std::ops::Range;

use super::row::Row;
use super::tile::MAX_MR;
use crate::Products;
use crate::aligned::Aligned;
use crate::simd::bf16::pairs_of_thirds;
use crate::simd::{Kernel, Simd};
use crate::vectors::load_up_to;

thread_local! {
    static KEPT: Cell<Aligned> = const { Cell::new(Aligned::none()) };
}

/// The rows of a tile as pairs of bf16, in memory that a thread keeps.
#[derive(Default)]
pub(crate) struct Rounded {
    floats: Aligned,
    used: usize,
}

impl Rounded {
    pub(crate) fn take() -> Rounded {
        Rounded { floats: KEPT.take(), used: 0 }
    }

    pub(crate) fn keep(self) {
        KEPT.set(self.floats);
    }

    /// Makes place for the rows of another tile, `floats` in all.
    #[inline(always)]
    pub(crate) fn begin(&mut self, floats: usize) {
        self.used = 0;
        if self.floats.len() < floats {
            self.floats = Aligned::zeros(floats);
        }
    }

    /// The next `floats` of the place.
    #[inline(always)]
    pub(crate) fn next(&mut self, floats: usize) -> *mut f32 {
        let at = self.used;
        self.used += floats;
        self.floats[at..self.used].as_mut_ptr()
    }

    /// Rounds `k` floats of each of `rows` of all taps, or cuts them, and lets `taps` point at the results, which lie as [`Row`]
    /// says.
    #[inline(always)]
    pub(crate) fn convert<S: Simd>(
        &mut self,
        s: S,
        products: Products,
        k: usize,
        rows: Range<usize>,
        taps: &mut [[*const f32; MAX_MR]],
    ) {
        let Row { third, ld, .. } = Row::new(S::ISA, products, k);
        let to = self.next(taps.len() * rows.len() * ld);
        s.call(Convert { k, rows, third, ld, taps, to });
    }
}

/// Rounds `k` floats of each of `rows` of all taps, or cuts them into thirds that are `third` floats apart, and lets `taps` point
/// at the results, which are `ld` apart.
pub(super) struct Convert<'a> {
    pub(super) k: usize,
    pub(super) rows: Range<usize>,
    /// Zero to round.
    pub(super) third: usize,
    pub(super) ld: usize,
    pub(super) taps: &'a mut [[*const f32; MAX_MR]],
    pub(super) to: *mut f32,
}

impl Kernel for Convert<'_> {
    type Output = ();

    /// The maker vouches for `k` floats to read at each row, and for whole vectors to write.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut to = self.to;
        for tap in self.taps {
            for row in &mut tap[self.rows.clone()] {
                // SAFETY: the maker's word.
                unsafe {
                    match self.third {
                        0 => round(s, *row, self.k, to),
                        third => cut(s, *row, self.k, to, third),
                    }
                }
                *row = to;
                to = to.wrapping_add(self.ld);
            }
        }
    }
}

/// Copies `floats` floats.
///
/// # Safety
/// They can be read, and as many written, in whole vectors.
#[inline(always)]
pub(crate) unsafe fn copy<S: Simd>(s: S, from: *const f32, floats: usize, to: *mut f32) {
    for at in (0..floats).step_by(S::LANES) {
        // SAFETY: the caller's contract.
        unsafe { s.store_ptr(load_up_to(s, from.add(at), floats - at), to.add(at)) };
    }
}

/// Rounds `k` floats.
///
/// # Safety
/// They can be read, and half as many written, in whole vectors.
#[inline(always)]
pub(crate) unsafe fn round<S: Simd>(s: S, from: *const f32, k: usize, to: *mut f32) {
    // SAFETY: the caller's contract.
    unsafe { by_two::<S, false>(s, from, k, to, 0) };
}

/// Cuts `k` floats into thirds that are `third` floats apart.
///
/// # Safety
/// They can be read, and half as many written at each third, in whole vectors.
#[inline(always)]
pub(crate) unsafe fn cut<S: Simd>(s: S, from: *const f32, k: usize, to: *mut f32, third: usize) {
    // SAFETY: the caller's contract.
    unsafe { by_two::<S, true>(s, from, k, to, third) };
}

/// Two vectors of `k` floats at a time, rounded or cut.
#[inline(always)]
unsafe fn by_two<S: Simd, const CUT: bool>(
    s: S,
    from: *const f32,
    k: usize,
    to: *mut f32,
    third: usize,
) {
    let step = 2 * S::LANES;
    let whole = k / step * step;
    // SAFETY: no more than `k` floats are read; half as many are written, in whole vectors.
    unsafe {
        for at in (0..whole).step_by(step) {
            let (low, high) = (s.load_ptr(from.add(at)), s.load_ptr(from.add(at + S::LANES)));
            store::<S, CUT>(s, low, high, to.add(at / 2), third);
        }
        let rest = k - whole;
        if rest > 0 {
            let from = from.add(whole);
            let (first, second) = (rest.min(S::LANES), rest.saturating_sub(S::LANES));
            let low = load_up_to(s, from, first);
            let high = load_up_to(s, from.wrapping_add(first), second);
            store::<S, CUT>(s, low, high, to.add(whole / 2), third);
        }
    }
}

#[inline(always)]
unsafe fn store<S: Simd, const CUT: bool>(
    s: S,
    low: S::F32,
    high: S::F32,
    to: *mut f32,
    third: usize,
) {
    // SAFETY: the caller's contract.
    unsafe {
        if CUT {
            store_cut(s, low, high, to, third);
        } else {
            s.store_ptr(s.pairs(low, high), to);
        }
    }
}

/// Writes the thirds of two vectors, `third` floats apart.
///
/// # Safety
/// A vector can be written at each.
#[inline(always)]
pub(crate) unsafe fn store_cut<S: Simd>(
    s: S,
    low: S::F32,
    high: S::F32,
    to: *mut f32,
    third: usize,
) {
    for (part, pairs) in pairs_of_thirds(s, low, high).into_iter().enumerate() {
        // SAFETY: the caller's contract.
        unsafe { s.store_ptr(pairs, to.add(part * third)) };
    }
}

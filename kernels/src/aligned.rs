//! Floats that begin at a cache line. Vectors, and rows of tiles, that straddle two are read and written as two.

use std::mem::MaybeUninit;

use crate::gemm::tile::MAX_NR;
use crate::pages::filled;

/// Zeros for as many columns as any tile has.
pub(crate) static ZEROS: Zeros = Zeros([0.0; MAX_NR]);

#[repr(C, align(64))]
pub(crate) struct Zeros([f32; MAX_NR]);

impl Zeros {
    pub(crate) fn as_ptr(&self) -> *const f32 {
        self.0.as_ptr()
    }
}

/// Floats in a function's own memory, not written yet.
#[repr(C, align(64))]
pub(crate) struct Lines<const N: usize>([MaybeUninit<f32>; N]);

impl<const N: usize> Lines<N> {
    #[inline(always)]
    pub(crate) fn new() -> Lines<N> {
        Lines([MaybeUninit::uninit(); N])
    }

    #[inline(always)]
    pub(crate) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct CacheLine([f32; 16]);

/// Floats of the heap.
#[derive(Default)]
pub(crate) struct Aligned {
    lines: Vec<CacheLine>,
    len: usize,
}

impl Aligned {
    pub(crate) const fn none() -> Aligned {
        Aligned { lines: Vec::new(), len: 0 }
    }

    pub(crate) fn zeros(len: usize) -> Aligned {
        Aligned { lines: filled(CacheLine([0.0; 16]), len.div_ceil(16)), len }
    }
}

impl std::ops::Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the lines are floats without padding, and hold `len` of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl std::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: the lines are floats without padding, and hold `len` of them.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

//! Loops over elements, for every kernel that treats each element alike.

use crate::Context;
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::rows_mut;

/// A function of one element.
pub(crate) trait Each: Copy {
    /// Of each lane. Implementations are `#[inline(always)]`.
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32;

    /// [`map`], which an enumeration of functions [specialises](specialise).
    ///
    /// # Safety
    /// As for [`map`].
    #[inline(always)]
    unsafe fn map<S: Simd>(self, s: S, x: *const f32, out: *mut f32, n: usize) {
        // SAFETY: the caller's contract.
        unsafe { map(s, self, x, out, n) }
    }
}

/// A function of two elements.
pub(crate) trait Pairs: Copy {
    /// Of each pair of lanes. Implementations are `#[inline(always)]`.
    fn pair<S: Simd>(self, s: S, a: S::F32, b: S::F32) -> S::F32;
}

/// Runs an expression in a branch per variant of an enumeration, where the compiler knows the variant.
macro_rules! specialise {
    ($enum:ident [$($name:ident $(($($field:ident),+))?),+ $(,)?], $op:ident = $value:expr, $body:expr) => {
        match $value {
            $($enum::$name $(($($field),+))? => {
                let $op = $enum::$name $(($($field),+))?;
                $body
            })+
        }
    };
}
pub(crate) use specialise;

/// `out[i] = f(x[i])` on the threads of `ctx`, where `f` is `cost` elements of the cheapest work.
///
/// # Panics
/// When the lengths differ.
pub(crate) fn run(ctx: Context, f: impl Each + Sync, cost: usize, x: &[f32], out: &mut [f32]) {
    assert_eq!(x.len(), out.len());
    rows_mut(ctx.pool, out, 1, cost, |first, out| {
        let x = x[first..][..out.len()].as_ptr();
        dispatch(ctx.isa, Map { f, x, out: out.as_mut_ptr(), n: out.len() });
    });
}

/// `x[i] = f(x[i])`, likewise.
pub(crate) fn run_in_place(ctx: Context, f: impl Each + Sync, cost: usize, x: &mut [f32]) {
    rows_mut(ctx.pool, x, 1, cost, |_, out| {
        let (out, n) = (out.as_mut_ptr(), out.len());
        dispatch(ctx.isa, Map { f, x: out, out, n });
    });
}

/// `n` floats from `x` to `out`, which are the same or do not overlap.
pub(crate) struct Map<F> {
    pub(crate) f: F,
    pub(crate) x: *const f32,
    pub(crate) out: *mut f32,
    pub(crate) n: usize,
}

impl<F: Each> Kernel for Map<F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // SAFETY: see `Map`.
        unsafe { self.f.map(s, self.x, self.out, self.n) }
    }
}

/// `out[i] = f(x[i])` for `i < n`.
///
/// # Safety
/// `n` floats can be read at `x` and written at `out`; the two are the same or do not overlap.
#[inline(always)]
pub(crate) unsafe fn map<S: Simd>(s: S, f: impl Each, x: *const f32, out: *mut f32, n: usize) {
    let mut i = 0;
    // SAFETY: every access is to elements below `n`, all loads of a step come before its stores.
    unsafe {
        while i + S::LANES <= n {
            s.store_ptr(f.each(s, s.load_ptr(x.add(i))), out.add(i));
            i += S::LANES;
        }
        if i < n {
            let left = n - i;
            s.store_ptr_partial(f.each(s, s.load_ptr_partial(x.add(i), left)), out.add(i), left);
        }
    }
}

/// `out[i] = f(a[i], b[i])` for `i < n`.
///
/// # Safety
/// `n` floats can be read at `a` and `b` and written at `out`; `out` is the same as an operand or does not overlap it.
#[inline(always)]
pub(crate) unsafe fn zip<S: Simd>(
    s: S,
    f: impl Pairs,
    (a, b): (*const f32, *const f32),
    out: *mut f32,
    n: usize,
) {
    let mut i = 0;
    // SAFETY: every access is to elements below `n`, all loads of a step come before its stores.
    unsafe {
        while i + S::LANES <= n {
            let v = f.pair(s, s.load_ptr(a.add(i)), s.load_ptr(b.add(i)));
            s.store_ptr(v, out.add(i));
            i += S::LANES;
        }
        if i < n {
            let left = n - i;
            let (a, b) = (s.load_ptr_partial(a.add(i), left), s.load_ptr_partial(b.add(i), left));
            s.store_ptr_partial(f.pair(s, a, b), out.add(i), left);
        }
    }
}

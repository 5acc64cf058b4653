//! Loops over elements, for every kernel that treats each element alike.

use crate::simd::Simd;

/// A function of one element.
pub(crate) trait Each: Copy {
    /// Of each lane. Implementations are `#[inline(always)]`.
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32;
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

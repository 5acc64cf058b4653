//! The walk over a plan.

use super::plan::Dim;
use super::{Binary, BinaryPlan, apply};
use crate::activation::{self, Activation};
use crate::elementwise::{Each, Pairs, map, specialise, zip};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::{Base, GRAIN};
use crate::{Context, Pool};

/// `out = activation(op(a, b))`, element by element as `plan` has them meet.
///
/// # Panics
/// When a slice is shorter than the plan reaches.
pub fn binary(
    ctx: Context,
    op: Binary,
    activation: Activation,
    plan: &BinaryPlan,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    let [ra, rb, ro] = plan.reach();
    assert!(a.len() >= ra && b.len() >= rb && out.len() >= ro, "operand too short for {plan:?}");
    walk(ctx, op, activation, plan, (a.as_ptr(), b.as_ptr(), out.as_mut_ptr()));
}

/// `a = activation(op(a, b))`.
///
/// # Panics
/// When a slice is shorter than the plan reaches, or the plan is not [one for this](BinaryPlan::allows_in_place).
pub fn binary_in_place(
    ctx: Context,
    op: Binary,
    activation: Activation,
    plan: &BinaryPlan,
    a: &mut [f32],
    b: &[f32],
) {
    let [ra, rb, _] = plan.reach();
    assert!(plan.allows_in_place() && a.len() >= ra && b.len() >= rb, "operand unfit for {plan:?}");
    let out = a.as_mut_ptr();
    walk(ctx, op, activation, plan, (out.cast_const(), b.as_ptr(), out));
}

/// The arrays reach as far as the plan asks; `a` and `out` are the same or apart.
fn walk(
    ctx: Context,
    op: Binary,
    activation: Activation,
    plan: &BinaryPlan,
    (a, b, out): (*const f32, *const f32, *mut f32),
) {
    let (outer, inner) = plan.split();
    let rows = if inner.extent == 0 { 0 } else { outer.iter().map(|d| d.extent).product() };
    let (columns, width) = columns(ctx.pool, rows, inner.extent);
    let per_piece = GRAIN.div_ceil(width.max(1)).max(rows.div_ceil(2 * ctx.pool.threads())).max(1);
    let pieces = rows.div_ceil(per_piece);
    let (a, b, out) = (Base(a.cast_mut()), Base(b.cast_mut()), Base(out));
    ctx.pool.run(pieces * columns, &|i| {
        let (first, from) = (i / columns * per_piece, i % columns * width);
        let rows = first..(first + per_piece).min(rows);
        let inner = Dim { extent: width.min(inner.extent - from), ..inner };
        // SAFETY: the plan reaches no further than the arrays, and `from` is within the row.
        let (a, b, out) =
            unsafe { (a.at(from * inner.a), b.at(from * inner.b), out.at(from * inner.out)) };
        dispatch(ctx.isa, Run { op, activation, outer, inner, rows, a, b, out });
    });
}

/// How many parts a row is cut into, and how long they are: long rows are shared where there are few of them.
fn columns(pool: &Pool, rows: usize, extent: usize) -> (usize, usize) {
    if rows >= 2 * pool.threads() || extent < 2 * GRAIN {
        return (1, extent);
    }
    let width = GRAIN.max(extent.div_ceil(2 * pool.threads()));
    (extent.div_ceil(width), width)
}

/// The rows `rows` of the walk; the pointers are those of its first element.
struct Run<'a> {
    op: Binary,
    activation: Activation,
    outer: &'a [Dim],
    inner: Dim,
    rows: std::ops::Range<usize>,
    a: *const f32,
    b: *const f32,
    out: *mut f32,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in self.rows.clone() {
            let (mut rest, mut at) = (row, [0; 3]);
            for d in self.outer.iter().rev() {
                let i = rest % d.extent;
                rest /= d.extent;
                at = [at[0] + i * d.a, at[1] + i * d.b, at[2] + i * d.out];
            }
            // SAFETY: the plan reaches no further than the arrays.
            unsafe { self.row(s, self.a.add(at[0]), self.b.add(at[1]), self.out.add(at[2])) };
        }
    }
}

impl Run<'_> {
    /// The activation follows as a second loop over what is still in the first-level cache.
    ///
    /// # Safety
    /// The inner dimension stays within the arrays.
    #[inline(always)]
    unsafe fn row<S: Simd>(&self, s: S, a: *const f32, b: *const f32, out: *mut f32) {
        let mut from = 0;
        while from < self.inner.extent {
            let part = Dim { extent: (self.inner.extent - from).min(PART), ..self.inner };
            // SAFETY: the caller's contract.
            unsafe {
                let (a, b) = (a.add(from * part.a), b.add(from * part.b));
                let out = out.add(from * part.out);
                specialise!(
                    Binary[Add, Sub, Mul, Div, Min, Max, Pow],
                    op = self.op,
                    line(s, op, part, a, b, out)
                );
                activation::run_strided(S::ISA, self.activation, out, part.extent, part.out);
            }
            from += PART;
        }
    }
}

/// Floats of a line between two activations.
const PART: usize = 2048;

/// One line of the walk, by vectors where the steps are one or zero.
///
/// # Safety
/// The dimension stays within the arrays.
#[inline(always)]
unsafe fn line<S: Simd>(
    s: S,
    f: impl Pairs,
    dim: Dim,
    a: *const f32,
    b: *const f32,
    out: *mut f32,
) {
    // SAFETY: the caller's contract.
    unsafe {
        match (dim.a, dim.b, dim.out) {
            (1, 1, 1) => zip(s, f, (a, b), out, dim.extent),
            (1, 0, 1) => map(s, First(f, b.read()), a, out, dim.extent),
            (0, 1, 1) => map(s, Second(f, a.read()), b, out, dim.extent),
            _ => {
                for i in 0..dim.extent {
                    let v = f.pair(
                        s,
                        s.splat(a.add(i * dim.a).read()),
                        s.splat(b.add(i * dim.b).read()),
                    );
                    s.store_ptr_partial(v, out.add(i * dim.out), 1);
                }
            }
        }
    }
}

impl Pairs for Binary {
    #[inline(always)]
    fn pair<S: Simd>(self, s: S, a: S::F32, b: S::F32) -> S::F32 {
        apply(s, self, a, b)
    }
}

/// A function of the first operand; the second is one number.
#[derive(Clone, Copy)]
struct First<P>(P, f32);

impl<P: Pairs> Each for First<P> {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        self.0.pair(s, x, s.splat(self.1))
    }
}

/// A function of the second operand; the first is one number.
#[derive(Clone, Copy)]
struct Second<P>(P, f32);

impl<P: Pairs> Each for Second<P> {
    #[inline(always)]
    fn each<S: Simd>(self, s: S, x: S::F32) -> S::F32 {
        self.0.pair(s, s.splat(self.1), x)
    }
}

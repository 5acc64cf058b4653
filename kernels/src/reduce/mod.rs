//! Sums, means and extremes over the middle of `[outer, middle, inner]`.

use crate::Context;
use crate::simd::{Kernel, Simd, dispatch};

/// What is made of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduction {
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

/// Every reduction, for tests and benches.
pub const VARIANTS: [Reduction; 4] =
    [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min];

/// `[outer, middle, inner]` to `[outer, inner]`. Sums are kept for each of `inner`, in `f32`, in the order of `middle`; with
/// an `inner` of one they are kept by lane.
///
/// # Panics
/// When `middle` is zero or the lengths do not fit.
pub fn reduce(
    ctx: Context,
    reduction: Reduction,
    x: &[f32],
    [outer, middle, inner]: [usize; 3],
    out: &mut [f32],
) {
    assert!(middle > 0 && x.len() == outer * middle * inner && out.len() == outer * inner);
    if out.is_empty() {
        return;
    }
    for (x, out) in x.chunks_exact(middle * inner).zip(out.chunks_exact_mut(inner)) {
        if inner == 1 {
            out[0] = dispatch(ctx.isa, Row { reduction, x });
        } else {
            dispatch(ctx.isa, Columns { reduction, x, out });
        }
    }
}

/// One row to one number.
struct Row<'a> {
    reduction: Reduction,
    x: &'a [f32],
}

impl Kernel for Row<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f32 {
        let Row { reduction, x } = self;
        let (vectors, rest) = x.split_at(x.len() - x.len() % S::LANES);
        let mut lanes = s.splat(neutral(reduction));
        for vector in vectors.chunks_exact(S::LANES) {
            lanes = combine(s, reduction, lanes, s.load(vector));
        }
        let mut buffer = [neutral(reduction); 16];
        s.store(lanes, &mut buffer);
        let all = buffer[..S::LANES].iter().chain(rest);
        finish(
            reduction,
            all.fold(neutral(reduction), |sum, &x| scalar(reduction, sum, x)),
            x.len(),
        )
    }
}

/// Rows to one row.
struct Columns<'a> {
    reduction: Reduction,
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Columns { reduction, x, out } = self;
        out.fill(neutral(reduction));
        for row in x.chunks_exact(out.len()) {
            for (x, out) in row.chunks(S::LANES).zip(out.chunks_mut(S::LANES)) {
                let sum = combine(s, reduction, s.load_partial(out), s.load_partial(x));
                s.store_partial(sum, out);
            }
        }
        let rows = x.len() / out.len();
        out.iter_mut().for_each(|out| *out = finish(reduction, *out, rows));
    }
}

#[inline(always)]
fn neutral(reduction: Reduction) -> f32 {
    match reduction {
        Reduction::Sum | Reduction::Mean => 0.0,
        Reduction::Max => f32::NEG_INFINITY,
        Reduction::Min => f32::INFINITY,
    }
}

#[inline(always)]
fn combine<S: Simd>(s: S, reduction: Reduction, a: S::F32, b: S::F32) -> S::F32 {
    match reduction {
        Reduction::Sum | Reduction::Mean => s.add(a, b),
        Reduction::Max => s.max(a, b),
        Reduction::Min => s.min(a, b),
    }
}

#[inline(always)]
fn scalar(reduction: Reduction, a: f32, b: f32) -> f32 {
    match reduction {
        Reduction::Sum | Reduction::Mean => a + b,
        Reduction::Max => a.max(b),
        Reduction::Min => a.min(b),
    }
}

#[inline(always)]
fn finish(reduction: Reduction, x: f32, count: usize) -> f32 {
    if reduction == Reduction::Mean { x / count as f32 } else { x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Isa, Pool};

    fn naive(reduction: Reduction, x: &[f32], [_, middle, inner]: [usize; 3], at: usize) -> f64 {
        let (o, i) = (at / inner, at % inner);
        let column = (0..middle).map(|m| f64::from(x[(o * middle + m) * inner + i]));
        match reduction {
            Reduction::Sum => column.sum(),
            Reduction::Mean => column.sum::<f64>() / middle as f64,
            Reduction::Max => column.fold(f64::MIN, f64::max),
            Reduction::Min => column.fold(f64::MAX, f64::min),
        }
    }

    #[test]
    fn every_reduction_on_every_set() {
        let pool = Pool::new(1);
        for shape in [[1, 1, 1], [3, 37, 1], [2, 5, 33], [4, 1, 7], [1, 100, 16]] {
            let [outer, middle, inner] = shape;
            let x: Vec<f32> =
                (0..outer * middle * inner).map(|i| ((i * 37 % 101) as f32 - 50.0) / 7.0).collect();
            for isa in Isa::available() {
                for reduction in VARIANTS {
                    let mut out = vec![0.0; outer * inner];
                    reduce(Context { isa, pool: &pool }, reduction, &x, shape, &mut out);
                    for (at, found) in out.iter().enumerate() {
                        let expected = naive(reduction, &x, shape, at);
                        let error = (f64::from(*found) - expected).abs();
                        assert!(error <= 1e-4, "{isa} {reduction:?} {shape:?}: {found} {expected}");
                    }
                }
            }
        }
    }
}

//! What the tests of the functions share: samples, the exact error function, errors in units of the last place.

use std::ops::Range;

use crate::Isa;
use crate::simd::{Kernel, Simd, dispatch};

/// A function under test.
pub(crate) trait Function {
    fn apply<S: Simd>(s: S, x: S::F32) -> S::F32;
}

struct Map<'a, F>(&'a [f32], &'a mut [f32], std::marker::PhantomData<F>);

impl<F: Function> Kernel for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (from, to) in self.0.chunks(S::LANES).zip(self.1.chunks_mut(S::LANES)) {
            s.store_partial(F::apply(s, s.load_partial(from)), to);
        }
    }
}

/// `F` of `xs` on `isa`.
pub(crate) fn map<F: Function>(isa: Isa, xs: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; xs.len()];
    dispatch(isa, Map::<F>(xs, &mut out, std::marker::PhantomData));
    out
}

/// `|found - exact|` in units of the last place of `exact`; two infinities of one sign are equal.
pub(crate) fn ulps(found: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if found.to_bits() == nearest.to_bits() || found == nearest {
        return 0.0;
    }
    // Next to infinity the last place is that of the largest number.
    let found =
        if found.is_infinite() { 2f64.powi(128).copysign(found.into()) } else { found.into() };
    let exact = exact.clamp(-(2f64.powi(128)), 2f64.powi(128));
    let exponent = exact.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor().min(127.0);
    (found - exact).abs() / 2f64.powi(exponent as i32 - 23)
}

/// Evenly spaced numbers; over more than two orders of magnitude on one side of zero, evenly in their logarithm.
fn samples(range: &Range<f32>) -> Vec<f32> {
    const COUNT: usize = 200_003;
    let (low, high) = (f64::from(range.start), f64::from(range.end));
    let logarithmic = low > 0.0 && high / low > 100.0;
    let at = |i: usize| {
        let t = i as f64 / (COUNT - 1) as f64;
        if logarithmic { low * (high / low).powf(t) } else { low + (high - low) * t }
    };
    (0..COUNT).map(|i| at(i) as f32).collect()
}

/// Checks `F` against `exact` on samples of `range`, on every instruction set.
pub(crate) fn check_ulps<F: Function>(exact: fn(f64) -> f64, range: Range<f32>, bound: f64) {
    check::<F>(&range, bound, |x, found| ulps(found, exact(x.into())));
}

/// As [`check_ulps`], for the absolute error.
pub(crate) fn check_absolute<F: Function>(exact: fn(f64) -> f64, range: Range<f32>, bound: f64) {
    check::<F>(&range, bound, |x, found| (f64::from(found) - exact(x.into())).abs());
}

fn check<F: Function>(range: &Range<f32>, bound: f64, error: impl Fn(f32, f32) -> f64) {
    let xs = samples(range);
    for isa in Isa::available() {
        let found = map::<F>(isa, &xs);
        let errors = xs.iter().zip(&found).map(|(&x, &y)| (error(x, y), x, y));
        let worst = errors.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert!(worst.0 <= bound, "{isa}: f({:e}) = {:e} is off by {}", worst.1, worst.2, worst.0);
    }
    nan_of::<F>(&[]);
}

/// Checks pairs of argument and exact result on every instruction set.
pub(crate) fn everywhere<F: Function>(cases: &[(f32, f32)]) {
    for isa in Isa::available() {
        for &(x, expected) in cases {
            let found = map::<F>(isa, &[x; 17]);
            assert!(found.iter().all(|&y| y == expected), "{isa}: f({x}) = {}", found[0]);
        }
    }
}

/// Checks that the function of `xs`, and of not-a-number, is not a number.
pub(crate) fn nan_of<F: Function>(xs: &[f32]) {
    for isa in Isa::available() {
        for &x in xs.iter().chain(&[f32::NAN]) {
            assert!(map::<F>(isa, &[x; 17]).iter().all(|y| y.is_nan()), "{isa}: f({x})");
        }
    }
}

/// The error function in double precision: its Taylor series, or one minus a continued fraction.
pub(crate) fn erf(x: f64) -> f64 {
    let a = x.abs();
    if a < 3.0 {
        let (mut term, mut sum, mut n) = (x, x, 0.0);
        while term.abs() > 1e-18 * sum.abs() {
            n += 1.0;
            term *= -x * x / n;
            sum += term / (2.0 * n + 1.0);
        }
        return sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let tail = (1..60).rev().fold(a, |f, k| a + f64::from(k) / 2.0 / f);
    (1.0 - (-a * a).exp() / tail / std::f64::consts::PI.sqrt()).copysign(x)
}

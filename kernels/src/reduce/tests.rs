use super::*;
use crate::testing::{assert_close, everywhere, spread, values};

/// For sums of a few hundred numbers below one.
const TOLERANCE: f32 = 5e-6;

fn naive(op: Reduce, x: impl Iterator<Item = f32>) -> f32 {
    let x: Vec<f64> = x.map(f64::from).collect();
    let sum: f64 = x.iter().sum();
    (match op {
        Reduce::Sum => sum,
        Reduce::Mean => sum / x.len() as f64,
        Reduce::Max => x.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        Reduce::Min => x.iter().copied().fold(f64::INFINITY, f64::min),
    }) as f32
}

#[test]
fn agree_with_double_precision() {
    for [outer, reduced, inner] in
        [[3, 1, 1], [5, 67, 1], [2, 9, 5], [3, 150, 130], [1, 4, 64], [0, 3, 2]]
    {
        let x = values(1, outer * reduced * inner);
        everywhere(|ctx| {
            for op in VARIANTS {
                let mut out = vec![9.0; outer * inner];
                reduce(ctx, op, &x, [outer, reduced, inner], &mut out);
                let expected: Vec<f32> = (0..outer * inner)
                    .map(|i| {
                        let (o, i) = (i / inner, i % inner);
                        naive(op, (0..reduced).map(|r| x[(o * reduced + r) * inner + i]))
                    })
                    .collect();
                assert_close(
                    &out,
                    &expected,
                    TOLERANCE,
                    &format!("{op:?} {outer} {reduced} {inner}"),
                );
            }
        });
    }
}

#[test]
fn not_a_number_is_kept() {
    everywhere(|ctx| {
        for (at, op) in (0..40).flat_map(|at| VARIANTS.map(|op| (at, op))) {
            let mut x = values(1, 40);
            x[at] = f32::NAN;
            let mut row = [0.0];
            reduce(ctx, op, &x, [1, 40, 1], &mut row);
            let mut columns = [0.0; 2];
            reduce(ctx, op, &x, [1, 20, 2], &mut columns);
            assert!(row[0].is_nan() && columns[at % 2].is_nan(), "{op:?} {at}");
            assert!(!columns[1 - at % 2].is_nan(), "{op:?} {at}");
        }
    });
}

#[test]
fn global_means_skip_the_gaps() {
    let x = values(3, 2 * 12 * 7);
    let spaced = spread(&x, 7, 9, f32::NAN);
    everywhere(|ctx| {
        let mut out = [0.0; 14];
        global_avg_pool(ctx, Image::new(&spaced, [2, 3, 4, 7], 9), &mut out);
        let mut expected = [0.0; 14];
        reduce(ctx, Reduce::Mean, &x, [2, 12, 7], &mut expected);
        assert_close(&out, &expected, 0.0, "global mean");
    });
}

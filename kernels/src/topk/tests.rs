use std::cmp::Ordering;

use super::*;
use crate::testing::{everywhere, spread, values};

/// Indices in the order of the result.
fn sorted(row: &[f32]) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..row.len()).collect();
    indices.sort_by(|&a, &b| {
        let (x, y) = (row[a], row[b]);
        y.partial_cmp(&x).unwrap_or_else(|| y.is_nan().cmp(&x.is_nan())).then(Ordering::Equal)
    });
    indices
}

/// Rows with ties, signed zeros, infinities and undefined values.
fn hard(width: usize) -> Vec<f32> {
    let mut x: Vec<f32> = values(1, 3 * width).iter().map(|x| (x * 8.0).round() / 4.0).collect();
    for (i, x) in x.iter_mut().enumerate() {
        *x = match i % 29 {
            3 => f32::NAN,
            7 => f32::INFINITY,
            11 => f32::NEG_INFINITY,
            13 => -0.0,
            _ => *x,
        };
    }
    x
}

#[test]
fn the_largest_in_order_and_of_equals_the_first() {
    for (width, k) in [(1, 1), (10, 10), (67, 5), (67, 66), (300, 40), (9, 0)] {
        for x in
            [hard(width), values(2, 3 * width), vec![1.0; 3 * width], vec![f32::NAN; 3 * width]]
        {
            let spaced = spread(&x, width, width + 2, f32::NAN);
            everywhere(|ctx| {
                let (mut found, mut at) = (vec![0.0; 3 * k], vec![-1; 3 * k]);
                topk(ctx, Rows::new(&spaced, [3, width], width + 2), k, &mut found, &mut at);
                for (row, x) in x.chunks(width).enumerate() {
                    for (place, &expected) in sorted(x)[..k].iter().enumerate() {
                        assert_eq!(
                            at[row * k + place],
                            expected as i32,
                            "{width} {k} {row} {place}"
                        );
                        assert_eq!(found[row * k + place].to_bits(), x[expected].to_bits());
                    }
                }
            });
        }
    }
}

#[test]
fn the_largest_alone() {
    for width in [1, 5, 16, 67] {
        for x in [hard(width), values(2, 3 * width), vec![f32::NEG_INFINITY; 3 * width]] {
            let expected: Vec<i32> = x.chunks(width).map(|row| sorted(row)[0] as i32).collect();
            everywhere(|ctx| {
                let mut out = [-1; 3];
                argmax(ctx, Rows::dense(&x, width), &mut out);
                assert_eq!(out[..], expected, "{width}");
            });
        }
    }
}

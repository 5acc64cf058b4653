use super::*;
use crate::testing::{everywhere, values};

const WILD: [i32; 6] = [2, 0, -1, 99, i32::MAX, i32::MIN];
/// Where indices of a dimension of three end up.
const TAMED: [usize; 6] = [2, 0, 0, 2, 2, 0];

#[test]
fn select_along_the_middle() {
    for (outer, inner) in [(1, 1), (4, 1), (3, 37), (2, 0)] {
        let x = values(1, outer * 3 * inner);
        everywhere(|ctx| {
            let mut out = vec![0.0; outer * 6 * inner];
            index_select(ctx, &x, [outer, 3, inner], &WILD, &mut out);
            for (i, &found) in out.iter().enumerate() {
                let (o, k, i) = (i / inner / 6, i / inner % 6, i % inner);
                assert_eq!(found, x[(o * 3 + TAMED[k]) * inner + i]);
            }
        });
    }
}

#[test]
fn rows_of_each_batch_element() {
    let x: Vec<i32> = (0..2 * 3 * 50).collect();
    everywhere(|ctx| {
        let mut out = vec![0; 6 * 50];
        gather_rows(ctx, &x, [2, 3, 50], &WILD, &mut out);
        for (row, out) in out.chunks(50).enumerate() {
            let from = (row / 3 * 3 + TAMED[row]) * 50;
            assert_eq!(out, &x[from..from + 50]);
        }
    });
}

#[test]
fn elements_along_an_axis() {
    let x = values(1, 2 * 3 * 40);
    let indices: Vec<i32> = values(2, 2 * 5 * 40).iter().map(|x| (x * 6.0) as i32).collect();
    everywhere(|ctx| {
        let mut out = vec![0.0; 2 * 5 * 40];
        take_along_axis(ctx, &x, [2, 3, 40], &indices, &mut out);
        for (i, &found) in out.iter().enumerate() {
            let row = i / 200 * 3 + indices[i].clamp(0, 2) as usize;
            assert_eq!(found, x[row * 40 + i % 40]);
        }
    });
}

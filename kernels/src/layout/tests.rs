use super::plan::dense_steps;
use super::*;
use crate::{Context, Isa, Pool, Rows, RowsMut};

/// The same walk, element by element.
fn naive(shape: &[usize], from: &[usize], to: &[usize], x: &[f32], y: &mut [f32]) {
    let mut index = vec![0; shape.len()];
    for _ in 0..shape.iter().product::<usize>() {
        let at = |steps: &[usize]| index.iter().zip(steps).map(|(i, s)| i * s).sum::<usize>();
        y[at(to)] = x[at(from)];
        for (i, extent) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < *extent {
                break;
            }
            *i = 0;
        }
    }
}

#[test]
fn walks_find_their_elements() {
    let shapes: [&[usize]; 6] =
        [&[], &[7], &[5, 33], &[3, 17, 19], &[2, 3, 4, 5], &[40, 50, 1, 61]];
    for threads in [1, 3] {
        let pool = Pool::new(threads);
        for shape in shapes {
            let dense = dense_steps(shape);
            let count = shape.iter().product::<usize>();
            let x: Vec<f32> = (0..2 * count).map(|i| i as f32).collect();
            let mut orders = vec![dense.clone()];
            orders.push(dense_steps(&shape.iter().rev().copied().collect::<Vec<_>>()));
            orders[1].reverse();
            orders.push(dense.iter().map(|s| 2 * s).collect());
            orders.push(
                dense.iter().enumerate().map(|(i, s)| if i % 2 == 0 { 0 } else { *s }).collect(),
            );
            for from in &orders {
                let mut expected = vec![-1.0; count];
                naive(shape, from, &dense, &x, &mut expected);
                let mut found = vec![-1.0; count];
                let plan = CopyPlan::new(shape, (from, 0), (&dense, 0));
                let ctx = Context { isa: Isa::Scalar, pool: &pool };
                let x = Rows::dense(&x, x.len());
                let length = found.len();
                copy(ctx, &plan, x, RowsMut::dense(&mut found, length));
                assert_eq!(found, expected, "{shape:?} {from:?}");
            }
        }
    }
}

#[test]
fn dimensions_that_follow_each_other_merge() {
    let plan = CopyPlan::new(&[4, 5, 6], (&[60, 6, 1], 0), (&[30, 6, 1], 3));
    assert_eq!(plan.dims.len(), 2);
    assert_eq!(plan.reach(), [3 * 60 + 30, 3 + 120]);
}

#[test]
#[should_panic(expected = "holds no")]
fn a_plan_that_reaches_too_far_is_refused() {
    let pool = Pool::new(1);
    let plan = CopyPlan::new(&[4], (&[1], 1), (&[1], 0));
    let (x, mut y) = ([0.0; 4], [0.0; 4]);
    let ctx = Context { isa: Isa::Scalar, pool: &pool };
    copy(ctx, &plan, Rows::dense(&x, 4), RowsMut::dense(&mut y, 4));
}

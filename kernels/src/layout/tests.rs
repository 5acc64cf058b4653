use super::*;
use crate::testing::everywhere;

/// Every index of a shape.
fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> + '_ {
    (0..shape.iter().product()).map(move |mut at: usize| {
        let mut index = vec![0; shape.len()];
        for (i, &extent) in index.iter_mut().zip(shape).rev() {
            *i = at % extent;
            at /= extent;
        }
        index
    })
}

fn at(shape: &[usize], index: &[usize]) -> usize {
    shape.iter().zip(index).fold(0, |at, (&extent, &i)| at * extent + i)
}

fn count(shape: &[usize]) -> Vec<i32> {
    (0..shape.iter().product::<usize>() as i32).collect()
}

/// Runs a plan to a dense output of `to`, where element `i` should be `x[source(i)]`.
fn check(plan: &CopyPlan, x: &[i32], to: &[usize], source: impl Fn(&[usize]) -> usize) {
    let expected: Vec<i32> = indices(to).map(|index| x[source(&index)]).collect();
    everywhere(|ctx| {
        let mut out = vec![-1; expected.len()];
        copy(ctx, plan, x, &mut out);
        assert_eq!(out, expected, "{plan:?}");
    });
}

#[test]
fn permutations() {
    let cases: [(&[usize], &[usize]); 9] = [
        (&[], &[]),
        (&[7], &[0]),
        (&[37, 53], &[1, 0]),
        (&[2, 5, 37], &[0, 2, 1]),
        (&[4, 3, 5, 2], &[0, 2, 3, 1]),
        (&[4, 3, 5, 2], &[0, 2, 1, 3]),
        (&[2, 3, 4, 5, 3, 2], &[5, 3, 1, 0, 2, 4]),
        (&[1, 6, 1, 4], &[3, 2, 1, 0]),
        (&[3, 0, 2], &[2, 1, 0]),
    ];
    for (shape, axes) in cases {
        let plan = CopyPlan::transpose(shape, axes).unwrap();
        let to: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
        check(&plan, &count(shape), &to, |index| {
            let mut from = vec![0; shape.len()];
            axes.iter().zip(index).for_each(|(&axis, &i)| from[axis] = i);
            at(shape, &from)
        });
    }
}

#[test]
fn expansion_and_repetition() {
    for (shape, to) in [(&[3, 1][..], &[2, 3, 40][..]), (&[1], &[70]), (&[2, 1, 5], &[2, 4, 5])] {
        let added = to.len() - shape.len();
        check(&CopyPlan::expand(shape, to).unwrap(), &count(shape), to, |index| {
            let own: Vec<usize> = shape.iter().zip(&index[added..]).map(|(&e, &i)| i % e).collect();
            at(shape, &own)
        });
    }
    for (shape, repeats) in [(&[3, 4][..], &[2, 3][..]), (&[5], &[4]), (&[2, 3, 2], &[1, 2, 1])] {
        let to: Vec<usize> = shape.iter().zip(repeats).map(|(a, b)| a * b).collect();
        check(&CopyPlan::tile(shape, repeats).unwrap(), &count(shape), &to, |index| {
            let own: Vec<usize> = shape.iter().zip(index).map(|(&e, &i)| i % e).collect();
            at(shape, &own)
        });
    }
}

#[test]
fn slices() {
    let array = [6, 9, 5];
    for (starts, shape, steps) in [
        ([0, 0, 0], [6, 9, 5], [1, 1, 1]),
        ([1, 2, 0], [4, 3, 5], [1, 3, 1]),
        ([5, 8, 4], [6, 9, 5], [-1, -1, -1]),
        ([0, 0, 3], [3, 1, 2], [2, 1, -2]),
        ([0, 0, 0], [0, 9, 5], [1, 1, 1]),
    ] {
        let plan = CopyPlan::slice(&array, &starts, &shape, &steps).unwrap();
        check(&plan, &count(&array), &shape, |index| {
            let own: Vec<usize> = (0..3)
                .map(|i| (starts[i] as isize + index[i] as isize * steps[i]) as usize)
                .collect();
            at(&array, &own)
        });
    }
}

#[test]
fn parts_of_a_concatenation() {
    let (a, b) = (count(&[4, 3]), count(&[4, 40]));
    everywhere(|ctx| {
        let mut out = vec![-1; 4 * 43];
        for (x, width, offset) in [(&a, 3, 0), (&b, 40, 3)] {
            let to = Strided { offset, steps: vec![43, 1] };
            let plan = CopyPlan::new(&[4, width], &Strided::dense(&[4, width]), &to).unwrap();
            copy(ctx, &plan, x, &mut out);
        }
        for (row, out) in out.chunks(43).enumerate() {
            assert_eq!(out[..3], a[row * 3..][..3]);
            assert_eq!(out[3..], b[row * 40..][..40]);
        }
    });
}

#[test]
fn impossible_copies_are_refused() {
    let strided = |offset, steps: &[isize]| Strided { offset, steps: steps.to_vec() };
    assert!(CopyPlan::new(&[2, 3], &strided(0, &[3]), &strided(0, &[3, 1])).is_err());
    assert!(CopyPlan::new(&[3], &strided(1, &[-1]), &strided(0, &[1])).is_err());
    assert!(CopyPlan::new(&[3], &strided(0, &[1]), &strided(0, &[0])).is_err());
    assert!(CopyPlan::new(&[2, 3], &strided(0, &[3, 1]), &strided(0, &[2, 1])).is_err());
    assert!(CopyPlan::transpose(&[2, 3], &[0, 0]).is_err());
    assert!(CopyPlan::expand(&[2], &[3]).is_err());
    assert!(CopyPlan::tile(&[2], &[]).is_err());
    assert!(CopyPlan::slice(&[4], &[2], &[3], &[1]).is_err());
}

#[test]
fn borders() {
    let cases: [(&[usize], &[[usize; 2]]); 5] = [
        (&[5], &[[2, 3]]),
        (&[2, 4, 3, 20], &[[0, 0], [1, 2], [2, 0], [0, 0]]),
        (&[3, 2], &[[2, 2], [0, 1]]),
        (&[3, 4], &[[0, 0], [0, 0]]),
        (&[2, 3, 4], &[[1, 0], [0, 0], [3, 3]]),
    ];
    for (shape, pads) in cases {
        let to: Vec<usize> = shape.iter().zip(pads).map(|(e, [a, b])| a + e + b).collect();
        let x = count(shape);
        for mode in [PadMode::Constant(-9), PadMode::Reflect, PadMode::Replicate] {
            let plan = PadPlan::new(shape, pads, &mode).unwrap();
            let expected: Vec<i32> = indices(&to)
                .map(|index| {
                    let own: Option<Vec<usize>> = (0..shape.len())
                        .map(|i| outside(mode, shape[i], pads[i][0], index[i]))
                        .collect();
                    own.map_or(-9, |own| x[at(shape, &own)])
                })
                .collect();
            everywhere(|ctx| {
                let mut out = vec![-1; expected.len()];
                pad(ctx, &plan, mode, &x, &mut out);
                assert_eq!(out, expected, "{shape:?} {pads:?} {mode:?}");
            });
        }
    }
    assert!(PadPlan::new(&[3], &[[3, 0]], &PadMode::<f32>::Reflect).is_err());
    assert!(PadPlan::new(&[0], &[[1, 0]], &PadMode::<f32>::Replicate).is_err());
    assert!(PadPlan::new(&[3], &[], &PadMode::Constant(0.0)).is_err());
}

/// The input index behind an output index, by walking back into the array step by step.
fn outside(mode: PadMode<i32>, extent: usize, before: usize, i: usize) -> Option<usize> {
    let (i, last) = (i as isize - before as isize, extent as isize - 1);
    let inside = match mode {
        PadMode::Constant(_) => Some(i).filter(|i| (0..=last).contains(i)),
        PadMode::Replicate => Some(i.clamp(0, last)),
        PadMode::Reflect => Some(if i < 0 {
            -i
        } else if i > last {
            2 * last - i
        } else {
            i
        }),
    };
    inside.map(|i| i as usize)
}

#[test]
fn conversion_saturates() {
    everywhere(|ctx| {
        let mut out = [0; 6];
        to_i32(ctx, &[1.9, -1.9, f32::NAN, 1e20, -1e20, 0.0], &mut out);
        assert_eq!(out, [1, -1, 0, i32::MAX, i32::MIN, 0]);
        let mut back = [0.0; 3];
        to_f32(ctx, &[1, -7, i32::MIN], &mut back);
        assert_eq!(back, [1.0, -7.0, -2_147_483_648.0]);
    });
}

use super::cast::{to_f32, to_i32};
use super::pad::{PadMode, PadPlan, pad};
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

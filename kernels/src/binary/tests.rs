use super::*;
use crate::Activation;
use crate::testing::{assert_close, everywhere, spread, values};

fn plain(op: Binary, a: f32, b: f32) -> f32 {
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Min => {
            if a.is_nan() || a < b {
                a
            } else {
                b
            }
        }
        Binary::Max => {
            if a.is_nan() || a > b {
                a
            } else {
                b
            }
        }
        Binary::Pow => a.powf(b),
    }
}

/// The element of a dense array of `shape` that meets element `at` of the broadcast `out`.
fn meets(shape: &[usize], out: &[usize], at: usize) -> usize {
    let (mut rest, mut index, mut step) = (at, 0, 1);
    for (i, &extent) in out.iter().enumerate().rev() {
        let position = rest % extent;
        rest /= extent;
        if let Some(own) = (i + shape.len()).checked_sub(out.len()) {
            index += if shape[own] == 1 { 0 } else { position * step };
            step *= shape[own];
        }
    }
    index
}

#[test]
fn broadcast_as_numpy_does() {
    let cases: [(&[usize], &[usize]); 12] = [
        (&[], &[]),
        (&[37], &[37]),
        (&[3, 37], &[1]),
        (&[1], &[3, 37]),
        (&[5, 7, 19], &[19]),
        (&[5, 7, 19], &[5, 7, 1]),
        (&[2, 3, 5, 9], &[2, 1, 1, 9]),
        (&[2, 1, 5, 9], &[3, 1, 9]),
        (&[4, 1, 6, 1], &[1, 5, 1, 7]),
        (&[3, 1], &[1, 4]),
        (&[0, 3], &[3]),
        (&[2, 300], &[2, 300]),
    ];
    for (sa, sb) in cases {
        let (a, b) = (values(1, sa.iter().product()), values(2, sb.iter().product()));
        let plan = BinaryPlan::new(sa, sb).unwrap();
        let out_shape = plan.shape().to_vec();
        let count = out_shape.iter().product();
        everywhere(|ctx| {
            for op in VARIANTS {
                let expected: Vec<f32> = (0..count)
                    .map(|i| plain(op, a[meets(sa, &out_shape, i)], b[meets(sb, &out_shape, i)]))
                    .collect();
                let mut out = vec![9.0; count];
                binary(ctx, op, Activation::Identity, &plan, &a, &b, &mut out);
                assert_close(&out, &expected, 0.0, &format!("{} {op:?} {sa:?} {sb:?}", ctx.isa));
                if sa == out_shape {
                    let mut in_place = a.clone();
                    binary_in_place(ctx, op, Activation::Identity, &plan, &mut in_place, &b);
                    assert_close(&in_place, &expected, 0.0, &format!("{op:?} {sa:?} in place"));
                }
            }
        });
    }
}

#[test]
fn activations_follow() {
    let (a, b) = (values(1, 60), values(2, 20));
    let plan = BinaryPlan::new(&[3, 20], &[20]).unwrap();
    everywhere(|ctx| {
        let mut out = vec![0.0; 60];
        binary(ctx, Binary::Add, Activation::Relu, &plan, &a, &b, &mut out);
        let expected: Vec<f32> = (0..60).map(|i| (a[i] + b[i % 20]).max(0.0)).collect();
        assert_close(&out, &expected, 0.0, "relu");
    });
}

#[test]
fn rows_with_gaps() {
    let (a, b) = (values(1, 4 * 21), values(2, 4 * 21));
    let (wide_a, wide_b) = (spread(&a, 21, 23, 5.0), spread(&b, 21, 30, 6.0));
    let plan = BinaryPlan::of_steps(&[4, 21], &[23, 1], &[30, 1], &[25, 1]);
    let sum: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
    everywhere(|ctx| {
        let mut out = spread(&vec![0.0; 84], 21, 25, -3.0);
        binary(ctx, Binary::Add, Activation::Identity, &plan, &wide_a, &wide_b, &mut out);
        assert_close(&out, &spread(&sum, 21, 25, -3.0), 0.0, "gaps");
    });
}

#[test]
fn nothing_hides_not_a_number() {
    let plan = BinaryPlan::new(&[2], &[2]).unwrap();
    everywhere(|ctx| {
        for op in [Binary::Min, Binary::Max] {
            let mut out = [0.0; 2];
            let (a, b) = ([f32::NAN, 1.0], [1.0, f32::NAN]);
            binary(ctx, op, Activation::Identity, &plan, &a, &b, &mut out);
            assert!(out.iter().all(|x| x.is_nan()), "{op:?}");
        }
    });
}

#[test]
fn unfit_shapes_are_refused() {
    let error = BinaryPlan::new(&[2, 3], &[2]).unwrap_err();
    assert!(error.to_string().contains("[2, 3]"), "{error}");
    assert!(BinaryPlan::new(&[1; 9], &[1]).is_err());
}

use super::*;
use crate::testing::{assert_close, everywhere, golden, spread, values};

const TOLERANCE: f32 = 1e-6;

#[test]
fn agrees_with_pytorch() {
    for width in [1, 5, 16, 67] {
        let x: Vec<f32> = values(15, 4 * width).iter().map(|x| x * 30.0).collect();
        everywhere(|ctx| {
            let spaced = spread(&x, width, width + 5, f32::NAN);
            let rows = Rows::new(&spaced, [4, width], width + 5);
            let mut out = vec![0.0; x.len()];
            softmax(ctx, rows, RowsMut::dense(&mut out, width));
            let expected = golden("softmax", &format!("softmax {width}"));
            assert_close(&out, &expected, TOLERANCE, "softmax");

            let mut in_place = spaced.clone();
            softmax_in_place(ctx, RowsMut::new(&mut in_place, [4, width], width + 5));
            assert_close(
                &in_place,
                &spread(&expected, width, width + 5, f32::NAN),
                TOLERANCE,
                "in place",
            );

            log_softmax(ctx, rows, RowsMut::dense(&mut out, width));
            assert_close(
                &out,
                &golden("softmax", &format!("log_softmax {width}")),
                TOLERANCE,
                "log",
            );
        });
    }
}

#[test]
fn rows_without_a_finite_maximum_are_undefined() {
    let inf = f32::INFINITY;
    let x = [[-inf, -inf, -inf], [1.0, inf, 0.0], [0.0, f32::NAN, 1.0], [-inf, 0.0, -inf]].concat();
    everywhere(|ctx| {
        let mut out = [0.0; 12];
        softmax(ctx, Rows::dense(&x, 3), RowsMut::dense(&mut out, 3));
        assert!(out[..9].iter().all(|x| x.is_nan()), "{out:?}");
        assert_eq!(out[9..], [0.0, 1.0, 0.0]);
    });
}

#[test]
fn large_inputs_do_not_overflow() {
    everywhere(|ctx| {
        let mut out = [0.0; 2];
        softmax(ctx, Rows::dense(&[1e30, 1e30], 2), RowsMut::dense(&mut out, 2));
        assert_eq!(out, [0.5; 2]);
    });
}

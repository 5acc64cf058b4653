use super::*;
use crate::math::testing::erf as exact_erf;
use crate::testing::{assert_close, everywhere, values};

const TOLERANCE: f32 = 5e-7;

fn exact(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Exp => x.exp(),
        Unary::Ln => x.ln(),
        Unary::Ln1p => x.ln_1p(),
        Unary::Sqrt => x.sqrt(),
        Unary::Rsqrt => 1.0 / x.sqrt(),
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Reciprocal => 1.0 / x,
        Unary::Square => x * x,
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Erf => exact_erf(x),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Round => x.round_ties_even(),
        Unary::Sign => f64::from(i8::from(x > 0.0) - i8::from(x < 0.0)),
    }
}

#[test]
fn agree_with_double_precision() {
    let xs: Vec<f32> =
        values(1, 333).into_iter().map(|x| x * 8.0).chain([0.0, 0.5, -1.5]).collect();
    everywhere(|ctx| {
        for op in VARIANTS {
            let expected: Vec<f32> = xs.iter().map(|&x| exact(op, x.into()) as f32).collect();
            let mut out = vec![7.0; xs.len()];
            unary(ctx, op, &xs, &mut out);
            assert_close(&out, &expected, TOLERANCE, &format!("{} {op:?}", ctx.isa));
            let mut in_place = xs.clone();
            unary_in_place(ctx, op, &mut in_place);
            assert_close(&in_place, &out, 0.0, &format!("{} {op:?} in place", ctx.isa));
        }
    });
}

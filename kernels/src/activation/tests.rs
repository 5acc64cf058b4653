use super::*;
use crate::math::testing::erf as exact_erf;
use crate::{Context, Isa, Pool};

/// Largest absolute error, relative to `max(|x|, 1)`.
const MAX_ERROR: f64 = 4e-7;

fn exact(activation: Activation, x: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let hard = |x: f64| ((x + 3.0) / 6.0).clamp(0.0, 1.0);
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.max(0.0),
        Activation::LeakyRelu(slope) => {
            if x < 0.0 {
                x * f64::from(slope)
            } else {
                x
            }
        }
        Activation::Clip(low, high) => x.clamp(low.into(), high.into()),
        Activation::Gelu => 0.5 * x * (1.0 + exact_erf(x / 2f64.sqrt())),
        Activation::GeluTanh => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        }
        Activation::QuickGelu => x * sigmoid(1.702 * x),
        Activation::Silu => x * sigmoid(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::HardSigmoid => hard(x),
        Activation::HardSwish => x * hard(x),
        Activation::Softplus => softplus(x),
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Elu(alpha) => {
            if x < 0.0 {
                f64::from(alpha) * x.exp_m1()
            } else {
                x
            }
        }
    }
}

#[test]
fn agree_with_double_precision() {
    let xs: Vec<f32> = (-60_001..60_001).map(|i| i as f32 / 2000.0).collect();
    for (threads, isa) in Isa::available().enumerate() {
        let pool = Pool::new(threads + 1);
        let ctx = Context { isa, pool: &pool };
        for activation in VARIANTS {
            let mut out = vec![f32::NAN; xs.len()];
            activate(ctx, activation, &xs, &mut out);
            for (&x, &y) in xs.iter().zip(&out) {
                let error = (f64::from(y) - exact(activation, x.into())).abs();
                let bound = MAX_ERROR * f64::from(x).abs().max(1.0);
                assert!(error <= bound, "{isa} {activation:?}({x}) = {y}, off by {error:e}");
            }
            let mut in_place = xs.clone();
            activate_in_place(ctx, activation, &mut in_place);
            assert_eq!(in_place, out, "{isa} {activation:?}");
        }
    }
}

#[test]
fn large_inputs_saturate() {
    let pool = Pool::new(1);
    for isa in Isa::available() {
        let ctx = Context { isa, pool: &pool };
        for activation in VARIANTS {
            for x in [1e3, 1e30, f32::MAX, f32::INFINITY] {
                for x in [x, -x] {
                    let mut y = [0.0; 3];
                    activate(ctx, activation, &[x; 3], &mut y);
                    // Where minus infinity times zero stands in the formula, the limit is meant.
                    let limit = exact(activation, f64::from(x.clamp(-1e9, 1e9)));
                    let ok = if limit.abs() >= 1e7 {
                        y[0].signum() == x.signum()
                    } else {
                        f64::from(y[0]) == limit
                    };
                    assert!(ok, "{isa} {activation:?}({x}) = {}", y[0]);
                }
            }
            let mut y = [0.0];
            activate(ctx, activation, &[f32::NAN], &mut y);
            assert!(y[0].is_nan(), "{isa} {activation:?}(nan) = {}", y[0]);
        }
    }
}

#[test]
fn agree_with_pytorch() {
    let x: Vec<f32> = crate::testing::values(16, 200).iter().map(|x| x * 12.0).collect();
    let names = [
        ("relu", Activation::Relu),
        ("leaky_relu", Activation::LeakyRelu(0.125)),
        ("relu6", Activation::Clip(0.0, 6.0)),
        ("gelu", Activation::Gelu),
        ("gelu_tanh", Activation::GeluTanh),
        ("silu", Activation::Silu),
        ("sigmoid", Activation::Sigmoid),
        ("tanh", Activation::Tanh),
        ("hard_sigmoid", Activation::HardSigmoid),
        ("hard_swish", Activation::HardSwish),
        ("softplus", Activation::Softplus),
        ("mish", Activation::Mish),
        ("elu", Activation::Elu(1.5)),
    ];
    crate::testing::everywhere(|ctx| {
        for (name, activation) in names {
            let mut out = [0.0; 200];
            activate(ctx, activation, &x, &mut out);
            let expected = crate::testing::golden("activation", name);
            crate::testing::assert_close(&out, &expected, 2e-6, name);
        }
    });
}

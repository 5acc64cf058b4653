//! Functions of single elements and of pairs, and reductions.

use std::ops::Range;

use burn_backend::{Backend, Scalar, get_device_settings};

use super::array::Array;
use crate::op::{Activation, Binary, Epilogue, Reduce, Residual, Unary};

/// What follows a convolution or a linear layer; `more` is the second operand.
pub(super) fn finish<B: Backend>(
    epilogue: Epilogue,
    x: Array<B>,
    more: Option<&Array<B>>,
) -> Array<B> {
    match (epilogue.residual, more) {
        (Some(Residual::BeforeActivation), Some(more)) => {
            activation(epilogue.activation, x.add(more.clone()))
        }
        (Some(Residual::AfterActivation), Some(more)) => {
            activation(epilogue.activation, x).add(more.clone())
        }
        _ => activation(epilogue.activation, x),
    }
}

pub(super) fn activation<B: Backend>(activation: Activation, x: Array<B>) -> Array<B> {
    let sigmoid = |x: Array<B>| x.map(B::sigmoid);
    match activation {
        Activation::Identity => x,
        Activation::Relu => x.map(B::relu),
        Activation::LeakyRelu(slope) => {
            x.map(|x| B::leaky_relu(x, Scalar::Float(f64::from(slope))))
        }
        Activation::Clip(low, high) => x.clamp(low, high),
        Activation::Gelu => x.map(B::gelu),
        Activation::GeluTanh => {
            let cube = x.clone().mul(x.clone()).mul(x.clone()).times(0.044_715);
            let inner = x.clone().add(cube).times((2.0 / std::f32::consts::PI).sqrt());
            x.times(0.5).mul(inner.map(B::float_tanh).plus(1.0))
        }
        Activation::QuickGelu => x.clone().mul(sigmoid(x.times(1.702))),
        Activation::Silu => x.clone().mul(sigmoid(x)),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.map(B::float_tanh),
        Activation::HardSigmoid => hard_sigmoid(x),
        Activation::HardSwish => x.clone().mul(hard_sigmoid(x)),
        Activation::Softplus => softplus(x),
        Activation::Mish => x.clone().mul(softplus(x).map(B::float_tanh)),
        Activation::Elu(alpha) => {
            let below = x.clone().at_most(0.0).map(B::float_exp).plus(-1.0).times(alpha);
            x.map(B::relu).add(below)
        }
    }
}

fn hard_sigmoid<B: Backend>(x: Array<B>) -> Array<B> {
    x.plus(3.0).times(1.0 / 6.0).clamp(0.0, 1.0)
}

/// `ln(1 + e^x)`, without a large power.
fn softplus<B: Backend>(x: Array<B>) -> Array<B> {
    let tail = x.clone().map(B::float_abs).times(-1.0).map(B::float_exp).map(B::float_log1p);
    x.map(B::relu).add(tail)
}

pub(super) fn unary<B: Backend>(unary: Unary, x: Array<B>) -> Array<B> {
    match unary {
        Unary::Exp => x.map(B::float_exp),
        Unary::Ln => x.map(B::float_log),
        Unary::Ln1p => x.map(B::float_log1p),
        Unary::Sqrt => x.map(B::float_sqrt),
        Unary::Rsqrt => x.map(B::float_sqrt).map(B::float_recip),
        Unary::Neg => x.map(B::float_neg),
        Unary::Abs => x.map(B::float_abs),
        Unary::Reciprocal => x.map(B::float_recip),
        Unary::Square => x.clone().mul(x),
        Unary::Sin => x.map(B::float_sin),
        Unary::Cos => x.map(B::float_cos),
        Unary::Erf => x.map(B::float_erf),
        Unary::Floor => x.map(B::float_floor),
        Unary::Ceil => x.map(B::float_ceil),
        Unary::Round => x.map(B::float_round),
        Unary::Sign => x.map(B::float_sign),
    }
}

pub(super) fn binary<B: Backend>(binary: Binary, a: Array<B>, b: Array<B>) -> Array<B> {
    match binary {
        Binary::Add => a.add(b),
        Binary::Sub => a.sub(b),
        Binary::Mul => a.mul(b),
        Binary::Div => a.div(b),
        Binary::Min => choose(a, b, |a, b, bools| B::float_lower(b, a, bools)),
        Binary::Max => choose(a, b, |a, b, bools| B::float_greater(b, a, bools)),
        Binary::Pow => {
            let (a, b) = together(a, b);
            Array(B::float_powf(a.0, b.0))
        }
    }
}

/// `b` where `better` holds, else `a`.
fn choose<B: Backend>(
    a: Array<B>,
    b: Array<B>,
    better: impl FnOnce(
        burn_backend::tensor::FloatTensor<B>,
        burn_backend::tensor::FloatTensor<B>,
        burn_backend::BoolDType,
    ) -> burn_backend::tensor::BoolTensor<B>,
) -> Array<B> {
    let (a, b) = together(a, b);
    let bools = get_device_settings::<B>(&a.device()).bool_dtype;
    let mask = better(a.0.clone(), b.0.clone(), bools);
    Array(B::float_mask_where(a.0, mask, b.0))
}

/// Both with the extents that they have when broadcast.
fn together<B: Backend>(a: Array<B>, b: Array<B>) -> (Array<B>, Array<B>) {
    let rank = a.rank().max(b.rank());
    let (a, b) = (a.lift(rank), b.lift(rank));
    let extents: Vec<usize> =
        a.extents().into_iter().zip(b.extents()).map(|(a, b)| if a == 1 { b } else { a }).collect();
    (a.expand(&extents), b.expand(&extents))
}

/// `kind` over the dimensions `axes`, which become 1 in `shape`.
pub(super) fn reduce<B: Backend>(
    kind: Reduce,
    x: Array<B>,
    axes: Range<usize>,
    shape: &[usize],
) -> Array<B> {
    let extents = x.extents();
    let product = |range: Range<usize>| extents[range].iter().product::<usize>();
    let flat = [product(0..axes.start), product(axes.clone()), product(axes.end..extents.len())];
    let y = x.reshape(&flat).in_f32(|x| {
        x.map(|x| match kind {
            Reduce::Sum => B::float_sum_dim(x, 1),
            Reduce::Mean => B::float_mean_dim(x, 1),
            Reduce::Max => B::float_max_dim(x, 1),
            Reduce::Min => B::float_min_dim(x, 1),
        })
    });
    y.reshape(shape)
}

//! Functions of single elements and of pairs, and reductions.

use std::ops::Range;

use burn_backend::{Backend, get_device_settings};

use super::array::Array;
use super::kernels::{Kernels, Pointwise};
use crate::op::{Activation, Binary, Epilogue, Reduce, Unary};

/// What follows a convolution or a linear layer; `more` is the second operand.
pub(super) fn finish<B: Kernels>(
    epilogue: Epilogue,
    x: Array<B>,
    bias: Option<Array<B>>,
    more: Option<&Array<B>>,
) -> Array<B> {
    let residual = epilogue.residual.zip(more.map(|more| more.0.clone()));
    if bias.is_none() && residual.is_none() && epilogue.activation == Activation::Identity {
        return x;
    }
    let shift = bias.map(|bias| bias.0);
    let of = Pointwise { scale: None, shift, residual, activation: epilogue.activation };
    x.map(|x| B::pointwise(x, of))
}

pub(super) fn activation<B: Kernels>(activation: Activation, x: Array<B>) -> Array<B> {
    let of = Pointwise { scale: None, shift: None, residual: None, activation };
    x.map(|x| B::pointwise(x, of))
}

/// `x * scale + shift`, by channel.
pub(super) fn scale_shift<B: Kernels>(
    x: Array<B>,
    scale: Option<Array<B>>,
    shift: Option<Array<B>>,
) -> Array<B> {
    let (scale, shift) = (scale.map(|scale| scale.0), shift.map(|shift| shift.0));
    let of = Pointwise { scale, shift, residual: None, activation: Activation::Identity };
    x.map(|x| B::pointwise(x, of))
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

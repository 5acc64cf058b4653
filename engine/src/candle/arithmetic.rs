//! Functions of single elements and of pairs, and reductions.

use std::ops::Range;

use candle_core::{DType, Result, Tensor};
use candle_nn::ops::sigmoid;

use super::host::{floats, tensor};
use crate::Shape;
use crate::op::{Activation, Binary, Epilogue, Reduce, Residual, Unary};

/// What follows a convolution or a linear layer; `more` is the second operand.
pub(super) fn finish(epilogue: &Epilogue, x: &Tensor, more: Option<&Tensor>) -> Result<Tensor> {
    match (epilogue.residual, more) {
        (Some(Residual::BeforeActivation), Some(more)) => {
            activation(epilogue.activation, &x.broadcast_add(more)?)
        }
        (Some(Residual::AfterActivation), Some(more)) => {
            activation(epilogue.activation, x)?.broadcast_add(more)
        }
        (Some(_), None) => candle_core::bail!("a residual without a second operand"),
        (None, _) => activation(epilogue.activation, x),
    }
}

/// `activation` of each element, in double precision.
pub(super) fn activation(activation: Activation, x: &Tensor) -> Result<Tensor> {
    let x = &x.to_dtype(DType::F64)?;
    let y = match activation {
        Activation::Identity => x.clone(),
        Activation::Relu => x.relu()?,
        Activation::LeakyRelu(slope) => (x.relu()? + (x.minimum(0.0)? * f64::from(slope))?)?,
        Activation::Clip(low, high) => x.clamp(low, high)?,
        Activation::Gelu => x.gelu_erf()?,
        Activation::GeluTanh => x.gelu()?,
        Activation::QuickGelu => (x * sigmoid(&(x * 1.702)?)?)?,
        Activation::Silu => (x * sigmoid(x)?)?,
        Activation::Sigmoid => sigmoid(x)?,
        Activation::Tanh => x.tanh()?,
        Activation::HardSigmoid => hard_sigmoid(x)?,
        Activation::HardSwish => (x * hard_sigmoid(x)?)?,
        Activation::Softplus => softplus(x)?,
        Activation::Mish => (x * softplus(x)?.tanh()?)?,
        Activation::Elu(alpha) => x.elu(f64::from(alpha))?,
    };
    y.to_dtype(DType::F32)
}

fn hard_sigmoid(x: &Tensor) -> Result<Tensor> {
    ((x + 3.0)? / 6.0)?.clamp(0.0, 1.0)
}

/// `ln(1 + e^x)`, without a large power.
fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}

/// `unary` of each element, in double precision.
pub(super) fn unary(unary: Unary, x: &Tensor) -> Result<Tensor> {
    let x = x.to_dtype(DType::F64)?;
    let y = match unary {
        Unary::Exp => x.exp()?,
        Unary::Ln => x.log()?,
        Unary::Ln1p => (x + 1.0)?.log()?,
        Unary::Sqrt => x.sqrt()?,
        Unary::Rsqrt => x.sqrt()?.recip()?,
        Unary::Neg => x.neg()?,
        Unary::Abs => x.abs()?,
        Unary::Reciprocal => x.recip()?,
        Unary::Square => x.sqr()?,
        Unary::Sin => x.sin()?,
        Unary::Cos => x.cos()?,
        Unary::Erf => x.erf()?,
        Unary::Floor => x.floor()?,
        Unary::Ceil => x.ceil()?,
        Unary::Round => round_ties_even(&x)?,
        Unary::Sign => x.sign()?,
    };
    y.to_dtype(DType::F32)
}

fn round_ties_even(x: &Tensor) -> Result<Tensor> {
    let rounded: Vec<f64> =
        x.flatten_all()?.to_vec1::<f64>()?.into_iter().map(f64::round_ties_even).collect();
    Tensor::from_vec(rounded, x.dims(), x.device())
}

/// `binary` of each pair of elements, broadcast.
pub(super) fn binary(binary: Binary, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match binary {
        Binary::Add => a.broadcast_add(b),
        Binary::Sub => a.broadcast_sub(b),
        Binary::Mul => a.broadcast_mul(b),
        Binary::Div => a.broadcast_div(b),
        Binary::Min => a.broadcast_minimum(b),
        Binary::Max => a.broadcast_maximum(b),
        Binary::Pow => power(a, b),
    }
}

fn power(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let shape = a.shape().broadcast_shape_binary_op(b.shape(), "pow")?;
    let (a, b) = (floats(&a.broadcast_as(&shape)?)?, floats(&b.broadcast_as(&shape)?)?);
    let powers = a.iter().zip(&b).map(|(&a, &b)| f64::from(a).powf(f64::from(b)) as f32).collect();
    tensor(shape.dims(), powers)
}

/// `kind` over the dimensions `axes`, which become 1 in `shape`.
pub(super) fn reduce(
    kind: Reduce,
    x: &Tensor,
    axes: Range<usize>,
    shape: &Shape,
) -> Result<Tensor> {
    let x = x.flatten(axes.start, axes.end - 1)?;
    let y = match kind {
        Reduce::Sum => x.sum(axes.start)?,
        Reduce::Mean => x.mean(axes.start)?,
        Reduce::Max => x.max(axes.start)?,
        Reduce::Min => x.min(axes.start)?,
    };
    y.reshape(&**shape)
}

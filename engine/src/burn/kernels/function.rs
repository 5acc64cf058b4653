//! Functions of single elements that follow other kernels.

use cubecl::prelude::*;

use crate::op::Activation;

/// [`Activation`] without its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Function {
    Identity,
    Relu,
    LeakyRelu,
    Clip,
    Gelu,
    GeluTanh,
    QuickGelu,
    Silu,
    Sigmoid,
    Tanh,
    HardSigmoid,
    HardSwish,
    Softplus,
    Mish,
    Elu,
}

impl Function {
    /// The function and its numbers.
    pub(super) fn of(activation: Activation) -> (Function, [f32; 2]) {
        match activation {
            Activation::Identity => (Function::Identity, [0.0; 2]),
            Activation::Relu => (Function::Relu, [0.0; 2]),
            Activation::LeakyRelu(slope) => (Function::LeakyRelu, [slope, 0.0]),
            Activation::Clip(low, high) => (Function::Clip, [low, high]),
            Activation::Gelu => (Function::Gelu, [0.0; 2]),
            Activation::GeluTanh => (Function::GeluTanh, [0.0; 2]),
            Activation::QuickGelu => (Function::QuickGelu, [0.0; 2]),
            Activation::Silu => (Function::Silu, [0.0; 2]),
            Activation::Sigmoid => (Function::Sigmoid, [0.0; 2]),
            Activation::Tanh => (Function::Tanh, [0.0; 2]),
            Activation::HardSigmoid => (Function::HardSigmoid, [0.0; 2]),
            Activation::HardSwish => (Function::HardSwish, [0.0; 2]),
            Activation::Softplus => (Function::Softplus, [0.0; 2]),
            Activation::Mish => (Function::Mish, [0.0; 2]),
            Activation::Elu(alpha) => (Function::Elu, [alpha, 0.0]),
        }
    }
}

#[cube]
pub(super) fn activated<N: Size>(
    x: Vector<f32, N>,
    a: f32,
    b: f32,
    #[comptime] function: Function,
) -> Vector<f32, N> {
    let zero = Vector::new(0.0f32);
    let one = Vector::new(1.0f32);
    match function {
        Function::Identity => x,
        Function::Relu => max(x, zero),
        Function::LeakyRelu => max(x, zero) + min(x, zero) * Vector::new(a),
        Function::Clip => min(max(x, Vector::new(a)), Vector::new(b)),
        Function::Gelu => {
            let half = Vector::new(0.5f32);
            x * half * (one + Vector::erf(x * Vector::new(std::f32::consts::FRAC_1_SQRT_2)))
        }
        Function::GeluTanh => {
            let cube = x * x * x * Vector::new(0.044_715f32);
            let inner = (x + cube) * Vector::new(0.797_884_6f32);
            x * Vector::new(0.5f32) * (one + tanh::<N>(inner))
        }
        Function::QuickGelu => x * sigmoid::<N>(x * Vector::new(1.702f32)),
        Function::Silu => x * sigmoid::<N>(x),
        Function::Sigmoid => sigmoid::<N>(x),
        Function::Tanh => tanh::<N>(x),
        Function::HardSigmoid => hard_sigmoid::<N>(x),
        Function::HardSwish => x * hard_sigmoid::<N>(x),
        Function::Softplus => softplus::<N>(x),
        Function::Mish => x * tanh::<N>(softplus::<N>(x)),
        Function::Elu => max(x, zero) + (Vector::exp(min(x, zero)) - one) * Vector::new(a),
    }
}

/// Powers end at 2^115, where a device may have no infinity.
#[cube]
fn sigmoid<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let one = Vector::new(1.0f32);
    one / (one + Vector::exp(min(-x, Vector::new(80.0f32))))
}

#[cube]
fn tanh<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let far = Vector::new(15.0f32);
    Vector::tanh(min(max(x, -far), far))
}

#[cube]
fn hard_sigmoid<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let raised = (x + Vector::new(3.0f32)) * Vector::new(1.0f32 / 6.0);
    min(max(raised, Vector::new(0.0f32)), Vector::new(1.0f32))
}

/// `ln(1 + e^x)`, without a large power.
#[cube]
fn softplus<N: Size>(x: Vector<f32, N>) -> Vector<f32, N> {
    let tail = Vector::log1p(Vector::exp(-Vector::abs(x)));
    max(x, Vector::new(0.0f32)) + tail
}

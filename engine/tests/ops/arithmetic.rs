//! Functions of single elements and of pairs, and reductions.

use std::iter::successors;

use ocelli_engine::op::{Activation, Binary, Reduce};
use ocelli_engine::{Result, Value};
use ocelli_kernels::{binary, unary};

use crate::maker::{Case, Maker};

pub(crate) const CASES: &[Case] = &[
    Case { name: "activations", make: activations },
    Case { name: "unary functions", make: unaries },
    Case { name: "binary functions", make: binaries },
    Case { name: "softmax", make: softmax },
    Case { name: "reduce", make: reduce },
    Case { name: "global average", make: global_average },
    Case { name: "scale", make: scale },
];

/// The activation after `activation`: a chain through all of them.
fn next_activation(activation: Activation) -> Option<Activation> {
    match activation {
        Activation::Identity => Some(Activation::Relu),
        Activation::Relu => Some(Activation::LeakyRelu(0.1)),
        Activation::LeakyRelu(_) => Some(Activation::Clip(-0.5, 1.5)),
        Activation::Clip(..) => Some(Activation::Gelu),
        Activation::Gelu => Some(Activation::GeluTanh),
        Activation::GeluTanh => Some(Activation::QuickGelu),
        Activation::QuickGelu => Some(Activation::Silu),
        Activation::Silu => Some(Activation::Sigmoid),
        Activation::Sigmoid => Some(Activation::Tanh),
        Activation::Tanh => Some(Activation::HardSigmoid),
        Activation::HardSigmoid => Some(Activation::HardSwish),
        Activation::HardSwish => Some(Activation::Softplus),
        Activation::Softplus => Some(Activation::Mish),
        Activation::Mish => Some(Activation::Elu(0.7)),
        Activation::Elu(_) => None,
    }
}

/// All activations, for graphs of several operations.
pub(crate) fn all_activations() -> Vec<Activation> {
    successors(Some(Activation::Identity), |&activation| next_activation(activation)).collect()
}

fn any(m: &mut Maker) -> Result<Value> {
    let rank = m.random.count(0, 4);
    let dims = m.random.extents(rank);
    m.wide_input(&dims)
}

fn activations(m: &mut Maker) -> Result<()> {
    let x = any(m)?;
    for activation in all_activations() {
        let y = m.graph.activation(x, activation);
        m.output(y);
    }
    Ok(())
}

fn unaries(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 4);
    let dims = m.random.extents(rank);
    let x = m.input_with(&dims, |random| random.float(0.01, 9.0))?;
    for op in unary::VARIANTS {
        let y = m.graph.unary(x, op);
        m.output(y);
    }
    Ok(())
}

/// Operands that broadcast, each or both; divisors keep away from zero.
fn binaries(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 5);
    let dims = m.random.extents(rank);
    let a = narrowed(m, &dims);
    let b = narrowed(m, &dims);
    let a = m.wide_input(&a)?;
    let b = m.input_with(&b, |random| random.of(&[-1.0, 1.0]) * random.float(0.3, 4.0))?;
    for op in binary::VARIANTS {
        let y = m.graph.binary(a, b, op)?;
        m.output(y);
    }
    let y = m.graph.binary(b, a, Binary::Sub)?;
    m.output(y);
    Ok(())
}

/// `dims` with some of them 1, and perhaps without the first ones.
fn narrowed(m: &mut Maker, dims: &[usize]) -> Vec<usize> {
    let first = if m.random.once_in(2) { 0 } else { m.random.count(0, dims.len()) };
    let one_in = m.random.of(&[2, 4, 100]);
    dims[first..].iter().map(|&extent| if m.random.once_in(one_in) { 1 } else { extent }).collect()
}

fn softmax(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(0, 3);
    let mut dims = m.random.extents(rank);
    dims.push(m.random.of(&[1, 2, 5, 16, 17, 100, 257]));
    let x = m.wide_input(&dims)?;
    let y = m.graph.softmax(x);
    m.output(y);
    Ok(())
}

fn reduce(m: &mut Maker) -> Result<()> {
    let rank = m.random.count(1, 5);
    let dims = m.random.extents(rank);
    let first = m.random.count(0, rank - 1);
    let end = m.random.count(first + 1, rank);
    let x = m.input(&dims)?;
    for kind in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min] {
        let y = m.graph.reduce(x, kind, first..end)?;
        m.output(y);
    }
    Ok(())
}

fn global_average(m: &mut Maker) -> Result<()> {
    let dims = [m.random.count(1, 3), m.random.extent(), m.random.extent(), m.random.channels()];
    let x = m.input(&dims)?;
    let y = m.graph.global_avg_pool(x)?;
    m.output(y);
    Ok(())
}

fn scale(m: &mut Maker) -> Result<()> {
    let (x, factor) = (any(m)?, m.random.float(-4.0, 4.0));
    let y = m.graph.scale(x, factor)?;
    m.output(y);
    Ok(())
}

//! What an operation costs at the least: the roofline's two axes.

use crate::op::Op;
use crate::{Graph, Node, Tensor};

/// Floating-point operations (a multiplication with its addition is two), and bytes read and written once each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) flops: u64,
    pub(crate) bytes: u64,
}

pub(crate) fn of(graph: &Graph, node: &Node) -> Cost {
    let elements = |v: &crate::Value| graph.shape(*v).elements() as u64;
    let moved: u64 = node.inputs.iter().chain(&node.outputs).map(elements).sum();
    let weights: u64 = weights(&node.op).map(|t| t.shape().elements() as u64).sum();
    Cost { flops: flops(graph, node), bytes: (moved + weights) * 4 }
}

fn weights(op: &Op) -> impl Iterator<Item = &Tensor> {
    let (weight, bias) = match op {
        Op::Conv2d(conv) => (Some(&conv.weight), conv.bias.as_ref()),
        Op::ConvTranspose2d(conv) => (Some(&conv.weight), conv.bias.as_ref()),
        Op::Linear(linear) => (Some(&linear.weight), linear.bias.as_ref()),
        _ => (None, None),
    };
    weight.into_iter().chain(bias)
}

fn flops(graph: &Graph, node: &Node) -> u64 {
    let shape = |i: usize| graph.shape(node.inputs[i]);
    let out = node.outputs.first().map_or(0, |&v| graph.shape(v).elements() as u64);
    let product = |inner: usize| 2 * out * inner as u64;
    match &node.op {
        Op::Conv2d(conv) => product(conv.weight.shape()[1..].iter().product()),
        Op::ConvTranspose2d(conv) => {
            2 * shape(0).elements() as u64
                * conv.weight.shape()[1..].iter().product::<usize>() as u64
        }
        Op::Linear(linear) => product(linear.weight.shape()[1]),
        Op::MatMul { .. } => product(shape(0).last_dim()),
        Op::Attention { .. } => {
            let (q, k) = (shape(0), shape(1));
            2 * (q.elements() * k[1]) as u64 + product(k[1])
        }
        Op::DeformableAttention(spec) => product(4 * spec.levels.len() * spec.points),
        Op::Constant(_)
        | Op::Reshape
        | Op::Transpose { .. }
        | Op::Slice { .. }
        | Op::Concat { .. }
        | Op::Pad { .. }
        | Op::Expand
        | Op::GatherRows
        | Op::ToF32
        | Op::ToI32 => 0,
        _ => out,
    }
}

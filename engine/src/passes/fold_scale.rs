//! Folds a scale and shift by channel (batch norm, layer scale) into the weights of the convolution or linear before it.

use std::borrow::Cow;

use super::uses::Uses;
use crate::op::{Conv2d, Epilogue, Linear, Op};
use crate::{Graph, Tensor};

pub(super) fn run(graph: &mut Graph) {
    let uses = Uses::of(graph);
    for index in 0..graph.nodes.len() {
        let Op::ScaleShift { scale, shift } = &graph.nodes[index].op else { continue };
        let Some(before) = uses.sole_producer(graph.nodes[index].inputs[0]) else { continue };
        let Some(op) = folded(&graph.nodes[before].op, scale, shift.as_ref()) else { continue };
        graph.nodes[index].op = op;
        let inputs = graph.nodes[before].inputs.clone();
        graph.nodes[index].inputs = inputs;
        graph.nodes[index].label = std::mem::take(&mut graph.nodes[before].label);
    }
    super::dead_code::run(graph);
}

fn folded(op: &Op, scale: &Tensor, shift: Option<&Tensor>) -> Option<Op> {
    match op {
        Op::Conv2d(conv) if conv.epilogue == Epilogue::default() => Some(Op::Conv2d(Conv2d {
            weight: scaled_rows(&conv.weight, scale),
            bias: scaled_bias(conv.bias.as_ref(), scale, shift),
            ..conv.clone()
        })),
        Op::Linear(linear) if linear.epilogue == Epilogue::default() => Some(Op::Linear(Linear {
            weight: scaled_rows(&linear.weight, scale),
            bias: scaled_bias(linear.bias.as_ref(), scale, shift),
            ..linear.clone()
        })),
        _ => None,
    }
}

/// Row `i` of `weight` times `scale[i]`.
fn scaled_rows(weight: &Tensor, scale: &Tensor) -> Tensor {
    Tensor::derive(weight.shape(), &"scaled rows", &[weight, scale], |of| {
        let row = of[0].len() / of[1].len().max(1);
        let rows = of[0].chunks(row.max(1)).zip(of[1].iter());
        rows.flat_map(|(row, scale)| row.iter().map(move |w| w * scale)).collect()
    })
}

/// `bias * scale + shift`
fn scaled_bias(bias: Option<&Tensor>, scale: &Tensor, shift: Option<&Tensor>) -> Option<Tensor> {
    let times = |bias: &Tensor| {
        Tensor::derive(bias.shape(), &"times", &[bias, scale], |of| zip_with(of, |b, s| b * s))
    };
    match (bias, shift) {
        (None, shift) => shift.cloned(),
        (Some(bias), None) => Some(times(bias)),
        (Some(bias), Some(shift)) => {
            let scaled = times(bias);
            let sum = |of: &[Cow<'_, [f32]>]| zip_with(of, |b, s| b + s);
            Some(Tensor::derive(bias.shape(), &"plus", &[&scaled, shift], sum))
        }
    }
}

fn zip_with(of: &[Cow<'_, [f32]>], f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    of[0].iter().zip(of[1].iter()).map(|(&a, &b)| f(a, b)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::weights;
    use super::*;
    use crate::{Conv, op::Activation};

    #[test]
    fn batch_norm_disappears_into_the_convolution() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[1, 4, 4, 2]).unwrap();
        let y = g.conv_bn(x, &w, ("conv", "bn"), 3, Conv::same(3), Activation::Identity).unwrap();
        g.output("y", y);
        run(&mut g);
        let [node] = &g.nodes[..] else { panic!("{g}") };
        let Op::Conv2d(conv) = &node.op else { panic!("{g}") };

        let value =
            |name: &str, shape: &[usize], i: usize| w.get(name, shape).unwrap().load().unwrap()[i];
        let factor = value("bn.weight", &[3], 1) / (value("bn.running_var", &[3], 1) + 1e-5).sqrt();
        let expected = value("conv.weight", &[3, 2, 3, 3], 20) * factor;
        assert_eq!(conv.weight.load().unwrap()[20].to_bits(), expected.to_bits());
        let shift = value("bn.bias", &[3], 1) - value("bn.running_mean", &[3], 1) * factor;
        assert_eq!(conv.bias.as_ref().unwrap().load().unwrap()[1].to_bits(), shift.to_bits());
    }

    #[test]
    fn a_value_that_is_read_elsewhere_keeps_its_weights() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[5, 2]).unwrap();
        let y = g.linear(x, &w.at("fc"), 3).unwrap();
        let z = g.layer_scale(y, &w, "gamma").unwrap();
        g.output("y", y);
        g.output("z", z);
        run(&mut g);
        assert_eq!(g.nodes.len(), 2);
    }
}

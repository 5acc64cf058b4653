//! Makes one linear of those that read the same value for an attention (queries, keys and values), so that the value is
//! read once. The parts become slices, which attention reads in place.

use std::borrow::Cow;

use crate::op::{Epilogue, Linear, Op};
use crate::{Graph, Node, Tensor, Value};

pub(super) fn run(graph: &mut Graph) {
    let mut index = 0;
    while index < graph.nodes.len() {
        let group = group_at(graph, index);
        if group.len() > 1 {
            merge(graph, &group);
        }
        index += 1;
    }
}

/// The linears from `index` on that can be merged with the one there.
fn group_at(graph: &Graph, index: usize) -> Vec<usize> {
    let Some((input, has_bias)) = mergeable(graph, index) else { return Vec::new() };
    (index..graph.nodes.len())
        .filter(|&other| mergeable(graph, other) == Some((input, has_bias)))
        .collect()
}

/// The input of a linear whose result only attention reads, and whether it has a bias.
fn mergeable(graph: &Graph, index: usize) -> Option<(Value, bool)> {
    let node = &graph.nodes[index];
    let Op::Linear(linear) = &node.op else { return None };
    let output = node.outputs[0];
    let escapes = graph.outputs.iter().any(|(_, v)| *v == output);
    let mut readers = graph.nodes.iter().filter(|n| n.inputs.contains(&output)).peekable();
    let read = readers.peek().is_some();
    let attention = readers.all(|n| matches!(n.op, Op::Attention { .. }));
    let plain = linear.epilogue == Epilogue::default() && !escapes && read && attention;
    plain.then_some((node.inputs[0], linear.bias.is_some()))
}

fn merge(graph: &mut Graph, group: &[usize]) {
    let parts: Vec<(Linear, Value)> = group
        .iter()
        .filter_map(|&i| match &graph.nodes[i].op {
            Op::Linear(linear) => Some((linear.clone(), graph.nodes[i].outputs[0])),
            _ => None,
        })
        .collect();
    let weights: Vec<_> = parts.iter().map(|(linear, _)| &linear.weight).collect();
    let biases: Option<Vec<_>> = parts.iter().map(|(linear, _)| linear.bias.as_ref()).collect();
    let linear = Linear {
        weight: stacked(&weights),
        bias: biases.map(|biases| stacked(&biases)),
        epilogue: Epilogue::default(),
    };

    let first = group[0];
    let width = linear.weight.shape()[0];
    let mut info = graph.info(parts[0].1);
    info.shape = info.shape.with_last(width);
    graph.values.push(info);
    let all = Value((graph.values.len() - 1) as u32);
    let (inputs, label) = (graph.nodes[first].inputs.clone(), graph.nodes[first].label.clone());
    let mut merged = vec![Node { op: Op::Linear(linear), inputs, outputs: vec![all], label }];
    let axis = info.shape.len() - 1;
    let mut start = 0;
    for (linear, output) in parts {
        let op = Op::Slice { axis, start, step: 1 };
        start += linear.weight.shape()[0];
        merged.push(Node { op, inputs: vec![all], outputs: vec![output], label: String::new() });
    }
    for &index in group.iter().rev() {
        graph.nodes.remove(index);
    }
    graph.nodes.splice(first..first, merged);
}

/// The rows of all `tensors`, one after the other.
fn stacked(tensors: &[&Tensor]) -> Tensor {
    let rows = tensors.iter().map(|t| t.shape()[0]).sum();
    let shape = tensors[0].shape().with(0, rows);
    let concat = |of: &[Cow<'_, [f32]>]| of.iter().flat_map(|part| part.iter().copied()).collect();
    Tensor::derive(shape, &"stacked", tensors, concat)
}

#[cfg(test)]
mod tests {
    use super::super::testing::weights;
    use super::*;

    #[test]
    fn queries_keys_and_values_become_one_linear() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[1, 5, 4]).unwrap();
        let [q, k, v] = ["q", "k", "v"].map(|n| g.linear(x, &w.at(n), 4).unwrap());
        let y = g.attention(q, k, v, 2).unwrap();
        g.output("y", y);
        run(&mut g);
        let linears = g.nodes.iter().filter(|n| matches!(n.op, Op::Linear(_))).count();
        assert_eq!((linears, g.nodes.len()), (1, 5), "{g}");
        let Op::Linear(linear) = &g.nodes[0].op else { panic!("{g}") };
        let second = w.get("k.weight", &[4, 4]).unwrap();
        assert_eq!(linear.weight.load().unwrap()[16..32], second.load().unwrap()[..]);
    }

    #[test]
    fn what_others_read_stays() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[1, 5, 4]).unwrap();
        let [q, k] = ["q", "k"].map(|n| g.linear(x, &w.at(n), 4).unwrap());
        let y = g.attention(q, k, k, 2).unwrap();
        g.output("y", y);
        g.output("q", q);
        run(&mut g);
        assert_eq!(g.nodes.len(), 3, "{g}");
    }
}

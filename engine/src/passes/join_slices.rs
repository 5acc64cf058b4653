//! A concatenation of slices that lie side by side in one value takes the value instead: what is split to feed a chain of
//! blocks and concatenated again (CSP, C2f) then never moves.

use super::uses::Uses;
use crate::op::Op;
use crate::{Graph, Value};

pub(super) fn run(graph: &mut Graph) {
    let uses = Uses::of(graph);
    for index in 0..graph.nodes.len() {
        let Op::Concat { axis } = graph.nodes[index].op else { continue };
        let joined = join(graph, &uses, axis, &graph.nodes[index].inputs);
        if joined.len() == 1 {
            graph.nodes[index].op = Op::Reshape;
        }
        graph.nodes[index].inputs = joined;
    }
}

fn join(graph: &Graph, uses: &Uses, axis: usize, operands: &[Value]) -> Vec<Value> {
    let mut joined = Vec::with_capacity(operands.len());
    let mut rest = operands;
    while let Some((&first, others)) = rest.split_first() {
        let (value, after) = match whole(graph, uses, axis, rest) {
            Some((value, parts)) => (value, &rest[parts..]),
            None => (first, others),
        };
        joined.push(value);
        rest = after;
    }
    joined
}

/// The value that the first few of `operands` are slices of, in order and without a gap, and how many they are.
fn whole(graph: &Graph, uses: &Uses, axis: usize, operands: &[Value]) -> Option<(Value, usize)> {
    let mut end = 0;
    let mut of = None;
    for (parts, &operand) in operands.iter().enumerate() {
        let node = &graph.nodes[uses.producer(operand)?];
        let Op::Slice { axis: a, start, step: 1 } = node.op else { return None };
        let source = node.inputs[0];
        if a != axis || start != end || of.is_some_and(|of| of != source) {
            return None;
        }
        of = Some(source);
        end += graph.shape(operand)[axis];
        if end == graph.shape(source)[axis] {
            return Some((source, parts + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::Graph;

    #[test]
    fn two_halves_become_the_whole() {
        let mut g = Graph::new();
        let x = g.input("x", &[2, 3, 6]).unwrap();
        let halves = g.split(x, 2, &[2, 4]).unwrap();
        let block = g.relu(halves[1]);
        let y = g.concat(&[halves[0], halves[1], block], 2).unwrap();
        g.output("y", y);
        super::run(&mut g);
        assert_eq!(g.nodes.last().unwrap().inputs, [x, block]);
    }

    #[test]
    fn swapped_halves_stay() {
        let mut g = Graph::new();
        let x = g.input("x", &[6]).unwrap();
        let halves = g.split(x, 0, &[3, 3]).unwrap();
        let y = g.concat(&[halves[1], halves[0]], 0).unwrap();
        g.output("y", y);
        super::run(&mut g);
        assert_eq!(g.nodes.last().unwrap().inputs.len(), 2);
    }
}

//! Moves the addition of a residual into the epilogue of the convolution or linear before it.

use super::uses::Uses;
use crate::op::{Activation, Binary, Op, Residual};
use crate::{Graph, Node, Value};

pub(super) fn run(graph: &mut Graph) {
    let uses = Uses::of(graph);
    for index in 0..graph.nodes.len() {
        let Op::Binary(Binary::Add) = graph.nodes[index].op else { continue };
        let [a, b] = graph.nodes[index].inputs[..] else { continue };
        let fused = fused(graph, &uses, index, b, a).or_else(|| fused(graph, &uses, index, a, b));
        if let Some(node) = fused {
            graph.nodes[index] = node;
        }
    }
    super::dead_code::run(graph);
}

/// The producer of `result` with `residual` added at its end, in the place of the addition at `index`.
fn fused(graph: &Graph, uses: &Uses, index: usize, result: Value, residual: Value) -> Option<Node> {
    if graph.info(result) != graph.info(residual) || result == residual {
        return None;
    }
    let mut node = graph.nodes[uses.sole_producer(result)?].clone();
    let epilogue = node.op.epilogue_mut().filter(|e| e.residual.is_none())?;
    epilogue.residual = Some(match epilogue.activation {
        Activation::Identity => Residual::BeforeActivation,
        _ => Residual::AfterActivation,
    });
    node.inputs.push(residual);
    node.outputs.clone_from(&graph.nodes[index].outputs);
    Some(node)
}

#[cfg(test)]
mod tests {
    use super::super::testing::weights;
    use super::*;

    #[test]
    fn the_later_operand_takes_the_addition() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[5, 3]).unwrap();
        let y = g.linear(x, &w.at("a"), 3).unwrap();
        let sum = g.add(x, y).unwrap();
        let y = g.relu(sum);
        g.output("y", y);
        run(&mut g);
        super::super::fuse_activation::run(&mut g);
        let [node] = &g.nodes[..] else { panic!("{g}") };
        let Op::Linear(linear) = &node.op else { panic!("{g}") };
        assert_eq!(linear.epilogue.residual, Some(Residual::BeforeActivation));
        assert_eq!(linear.epilogue.activation, Activation::Relu);
        assert_eq!(node.inputs, [x, x]);
    }

    #[test]
    fn a_broadcast_addition_stays() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[5, 3]).unwrap();
        let b = g.input("b", &[3]).unwrap();
        let y = g.linear(x, &w.at("a"), 3).unwrap();
        let sum = g.add(y, b).unwrap();
        g.output("y", sum);
        run(&mut g);
        assert_eq!(g.nodes.len(), 2);
    }
}

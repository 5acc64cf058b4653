//! Moves an activation into the epilogue of the convolution or linear before it.

use super::uses::Uses;
use crate::Graph;
use crate::op::{Activation, Epilogue, Op, Residual};

pub(super) fn run(graph: &mut Graph) {
    let uses = Uses::of(graph);
    for index in 0..graph.nodes.len() {
        let Op::Activation(activation) = graph.nodes[index].op else { continue };
        let Some(before) = uses.sole_producer(graph.nodes[index].inputs[0]) else { continue };
        let mut fused = graph.nodes[before].clone();
        let Some(epilogue) = fused.op.epilogue_mut().filter(|e| takes_activation(e)) else {
            continue;
        };
        epilogue.activation = activation;
        fused.outputs.clone_from(&graph.nodes[index].outputs);
        graph.nodes[index] = fused;
    }
    super::dead_code::run(graph);
}

fn takes_activation(epilogue: &Epilogue) -> bool {
    epilogue.activation == Activation::Identity
        && epilogue.residual != Some(Residual::AfterActivation)
}

#[cfg(test)]
mod tests {
    use super::super::testing::weights;
    use super::*;

    #[test]
    fn a_chain_of_two_activations_fuses_the_first() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[5, 2]).unwrap();
        let y = g.linear(x, &w, 3).unwrap();
        let y = g.relu(y);
        let y = g.activation(y, Activation::Clip(0.0, 6.0));
        g.output("y", y);
        run(&mut g);
        assert_eq!(g.nodes.len(), 2, "{g}");
        let Op::Linear(linear) = &g.nodes[0].op else { panic!("{g}") };
        assert_eq!(linear.epilogue.activation, Activation::Relu);
    }
}

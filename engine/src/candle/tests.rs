use super::CandleExecutor;
use crate::op::{Activation, Op};
use crate::passes::{self, testing::weights};
use crate::{Conv, Executor, Graph, Value};

fn outputs(graph: &Graph) -> Vec<Vec<f32>> {
    let mut session = CandleExecutor::new().compile(graph).unwrap().session().unwrap();
    for input in 0..graph.inputs().len() {
        for (i, x) in session.input(input).unwrap().iter_mut().enumerate() {
            *x = (i as f32 * 0.7).sin();
        }
    }
    session.run().unwrap();
    (0..graph.outputs().len()).map(|i| session.output(i).unwrap().to_vec()).collect()
}

fn fused(graph: &Graph) -> usize {
    let has_more = |op: &Op| match op {
        Op::Conv2d(conv) => conv.epilogue.residual.is_some(),
        Op::Linear(linear) => linear.epilogue.residual.is_some(),
        _ => false,
    };
    graph.nodes.iter().filter(|node| has_more(&node.op)).count()
}

/// Sums before and after activations, on convolutions and linear layers.
fn residuals() -> Graph {
    let (mut g, w) = (Graph::new(), weights());
    let x = g.input("x", &[2, 3, 4, 6]).unwrap();
    let before = |g: &mut Graph, x: Value, y: Value| {
        let sum = g.add(y, x).unwrap();
        g.activation(sum, Activation::Tanh)
    };
    let after = |g: &mut Graph, x: Value, y: Value| {
        let y = g.activation(y, Activation::Gelu);
        g.add(x, y).unwrap()
    };
    let y = g.conv(x, &w.at("a"), 6, Conv::same(3)).unwrap();
    let x = before(&mut g, x, y);
    let y = g.conv(x, &w.at("b"), 6, Conv::k(1)).unwrap();
    let x = after(&mut g, x, y);
    let y = g.linear(x, &w.at("c"), 6).unwrap();
    let x = before(&mut g, x, y);
    let y = g.linear(x, &w.at("d"), 6).unwrap();
    let x = after(&mut g, x, y);
    g.output("y", x);
    g
}

/// Here, 1e-4 of the largest expected number.
#[test]
fn a_graph_means_the_same_after_the_passes() {
    let graph = residuals();
    let optimised = passes::optimise(&graph);
    assert_eq!(fused(&optimised), 4, "{optimised}");
    let (found, expected) = (outputs(&optimised), outputs(&graph));
    let largest = expected[0].iter().fold(0.0f32, |all, x| all.max(x.abs()));
    for (a, b) in found[0].iter().zip(&expected[0]) {
        assert!((a - b).abs() <= 1e-4 * largest, "{a} {b}");
    }
}

#[test]
fn indices_are_no_output_of_numbers() {
    let mut g = Graph::new();
    let x = g.input("x", &[2, 5]).unwrap();
    let (_, indices) = g.top_k(x, 2).unwrap();
    g.output("indices", indices);
    let mut session = CandleExecutor::new().compile(&g).unwrap().session().unwrap();
    session.run().unwrap();
    assert!(session.output(0).unwrap_err().to_string().contains("no output 0"));
    assert!(session.input(1).is_err());
}

#[test]
fn a_profile_lists_the_operations() {
    let graph = residuals();
    let program = CandleExecutor::new().compile(&graph).unwrap();
    let steps = program.clone().session().unwrap().profile().unwrap();
    assert_eq!(steps.len(), graph.nodes().len());
    assert_eq!(steps.iter().map(|step| step.flops).sum::<u64>(), program.flops());
    assert!(program.shared_bytes() > 0 && program.session_bytes() > 0);
}

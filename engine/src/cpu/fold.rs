//! Evaluates what depends on constants alone, once, when a graph is compiled.

use std::sync::Arc;

use ocelli_kernels::Factors;

use super::CpuExecutor;
use super::packs::Packs;
use crate::op::Op;
use crate::{DType, Graph, Node, Program, Result, Tensor, Value};

/// `graph` with the results of constant operations as constants.
pub(crate) fn constants(executor: &CpuExecutor, mut graph: Graph) -> Result<Graph> {
    let Some(part) = constant_part(&graph) else { return Ok(graph) };
    let (packs, factors) = (Arc::new(Packs::default()), Factors::F32);
    let own = CpuExecutor { factors, packs, ..executor.clone() };
    let program: Arc<dyn Program> = Arc::new(own.program(&part)?);
    let mut session = program.session()?;
    session.run()?;

    let mut folded = Vec::with_capacity(part.outputs.len());
    for (index, &(_, value)) in part.outputs.iter().enumerate() {
        let tensor = Tensor::from_vec(graph.shape(value), session.output(index)?.to_vec());
        folded.extend(tensor.map(|tensor| constant(tensor, value)));
    }
    let known: Vec<Value> = part.outputs.iter().map(|&(_, value)| value).collect();
    graph.nodes.retain(|node| !node.outputs.iter().any(|output| known.contains(output)));
    graph.nodes.splice(0..0, folded);
    Ok(crate::passes::without_dead_code(graph))
}

fn constant(tensor: Tensor, value: Value) -> Node {
    Node { op: Op::Constant(tensor), inputs: vec![], outputs: vec![value], label: String::new() }
}

/// The operations that depend on constants alone, with what others read of them as outputs; nothing if there are none.
fn constant_part(graph: &Graph) -> Option<Graph> {
    let mut constant = vec![false; graph.values.len()];
    let mut computed = vec![false; graph.values.len()];
    let mut part = Graph { values: graph.values.clone(), ..Graph::default() };
    for node in &graph.nodes {
        let numbers = node.outputs.iter().all(|&v| graph.info(v).dtype == DType::F32);
        if numbers && node.inputs.iter().all(|v| constant[v.0 as usize]) {
            for output in &node.outputs {
                constant[output.0 as usize] = true;
                computed[output.0 as usize] = !matches!(node.op, Op::Constant(_));
            }
            part.nodes.push(node.clone());
        }
    }
    let others = graph.nodes.iter().filter(|node| !constant[node.outputs[0].0 as usize]);
    let outputs = graph.outputs.iter().map(|(_, v)| v);
    let mut read: Vec<Value> = others.flat_map(|n| &n.inputs).chain(outputs).copied().collect();
    read.retain(|v| computed[v.0 as usize]);
    read.sort_unstable();
    read.dedup();
    part.outputs = read.into_iter().map(|v| (v.to_string(), v)).collect();
    (!part.outputs.is_empty()).then(|| crate::passes::without_dead_code(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_arithmetic_becomes_one_constant() {
        let mut g = Graph::new();
        let x = g.input("x", &[2]).unwrap();
        let a = g.table(&[2], vec![1.0, 2.0]).unwrap();
        let b = g.scale(a, 3.0).unwrap();
        let y = g.add(x, b).unwrap();
        g.output("y", y);
        g.output("b", b);
        let g = constants(&CpuExecutor::new(1).unwrap(), g).unwrap();
        assert_eq!(g.nodes.len(), 2, "{g}");
        let Op::Constant(tensor) = &g.nodes[0].op else { panic!("{g}") };
        assert_eq!(tensor.load().unwrap()[..], [3.0, 6.0]);
    }
}

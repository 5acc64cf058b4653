//! Weights packed on all threads, before they are lowered one by one.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::conv::Form;
use super::linear;
use crate::cpu::CpuExecutor;
use crate::cpu::chains::Chains;
use crate::op::Op;
use crate::{Graph, Node};

/// Packs what takes the most time; lowering finds it packed. What fails here fails there again, and is reported then.
pub(super) fn pack(graph: &Graph, chains: &Chains, executor: &CpuExecutor) {
    let nodes = graph.nodes.iter().enumerate();
    let mut nodes: Vec<(usize, &Node)> = nodes.filter(|(_, node)| elements(node) > 0).collect();
    // Memory that packing takes meanwhile adds to what is packed already: the largest come first.
    nodes.sort_by_key(|(_, node)| Reverse(elements(node)));
    let next = AtomicUsize::new(0);
    executor.pool.run(executor.threads(), &|_| {
        while let Some(&(index, node)) = nodes.get(next.fetch_add(1, Ordering::Relaxed)) {
            pack_one(graph, node, chains.hold(index), executor);
        }
    });
}

fn elements(node: &Node) -> usize {
    match &node.op {
        Op::Linear(op) => op.weight.shape().elements(),
        Op::Conv2d(op) => op.weight.shape().elements(),
        _ => 0,
    }
}

fn pack_one(graph: &Graph, node: &Node, in_chain: bool, executor: &CpuExecutor) {
    let CpuExecutor { isa, factors, packs, .. } = executor;
    let _ = match &node.op {
        Op::Linear(op) => {
            let products = linear::products(graph, node, op, *isa, *factors);
            linear::packed(packs, *isa, products, op).map(drop)
        }
        Op::Conv2d(op) => {
            let form = Form::of(graph, node, op, *isa, *factors);
            let form = if in_chain { form.in_band() } else { form };
            form.packed(packs, op).map(drop)
        }
        _ => Ok(()),
    };
}

//! Which values are written in bf16: those that are multiplied in bf16 and read by nothing else.
//!
//! Such a value is rounded once where it is written, and not by each product that reads it. The answers are the same.

use ocelli_kernels::{Factors, Isa};

use super::{Layout, Relation, is_computed, producer_of};
use crate::cpu::lower::conv::Form;
use crate::op::Op;
use crate::{Graph, Node, Value};

impl Layout {
    /// Lets values be pairs of bf16 in a program that multiplies those, on the instruction set `isa`.
    pub(in crate::cpu) fn write_pairs(&mut self, graph: &Graph, isa: Isa) {
        for value in (0..graph.values.len() as u32).map(Value) {
            if self.can_be_pairs(graph, isa, value) {
                self.factors[value.0 as usize] = Factors::Bf16;
            }
        }
        self.place_all(graph);
    }

    fn can_be_pairs(&self, graph: &Graph, isa: Isa, value: Value) -> bool {
        self.parents[value.0 as usize].is_none()
            && is_computed(graph, value)
            && graph.shape(value).last_dim().is_multiple_of(2)
            && producer_of(graph, value).is_some_and(|node| writes_pairs(graph, node))
            && self.is_only_multiplied(graph, isa, value)
    }

    /// Whether all readers of `value` and of its views multiply it in bf16.
    fn is_only_multiplied(&self, graph: &Graph, isa: Isa, value: Value) -> bool {
        if graph.outputs.iter().any(|(_, output)| *output == value) {
            return false;
        }
        let mut readers = graph.nodes.iter().filter(|node| node.inputs.contains(&value));
        readers.all(|node| {
            if !self.is_view(node) {
                return node.inputs.iter().filter(|&&input| input == value).count() == 1
                    && multiplies_first(graph, isa, node, value);
            }
            let output = node.outputs[0];
            let relation = self.parents[output.0 as usize].map(|(_, relation)| relation);
            let rows_stay = graph.shape(output).last_dim() == graph.shape(value).last_dim();
            rows_stay
                && !matches!(relation, Some(Relation::Columns(_)))
                && self.is_only_multiplied(graph, isa, output)
        })
    }
}

/// Whether the kernel of `node` can write pairs.
fn writes_pairs(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::Linear(_) | Op::RmsNorm(_) => true,
        Op::Conv2d(conv) => conv.groups == 1,
        Op::Attention { heads, .. } => {
            (graph.shape(node.outputs[0]).last_dim() / heads).is_multiple_of(2)
        }
        Op::LayerNorm(_) => node.inputs.len() == 1,
        _ => false,
    }
}

/// Whether `value` is what `node` multiplies with its weights in bf16.
fn multiplies_first(graph: &Graph, isa: Isa, node: &Node, value: Value) -> bool {
    node.inputs[0] == value
        && match &node.op {
            Op::Linear(_) => true,
            Op::Conv2d(conv) => Form::of(graph, node, conv, isa, Factors::Bf16).takes_pairs(),
            _ => false,
        }
}

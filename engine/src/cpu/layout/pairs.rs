//! Which values are written in bf16: those that are multiplied in bf16 or added to such a product, and read by nothing else.
//!
//! Such a value is rounded once where it is written, and not by each product that reads it. A sum is rounded then too, as it is
//! where a whole network is in bf16. What lies in one memory, such as a concatenation and its parts, is in pairs as a whole or
//! not at all.

use ocelli_kernels::{Factors, Isa};

use super::{Layout, Place, Relation, is_computed, producer_of};
use crate::cpu::lower::conv::Form;
use crate::op::{Op, PoolKind};
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

    /// Whether `root`, which lies by itself, and all that lies in it can.
    fn can_be_pairs(&self, graph: &Graph, isa: Isa, root: Value) -> bool {
        let mut members = (0..graph.values.len() as u32).map(Value);
        self.parents[root.0 as usize].is_none()
            && is_computed(graph, root)
            && members.all(|value| self.base(value) != root || self.is_pairs(graph, isa, value))
    }

    /// Whether `value` can be written in pairs, as part of what it lies in, and its readers multiply or add it.
    fn is_pairs(&self, graph: &Graph, isa: Isa, value: Value) -> bool {
        let place = match self.parents[value.0 as usize] {
            None => true,
            Some((_, Relation::Columns(first))) => first.is_multiple_of(2),
            Some((parent, _)) => graph.shape(parent).last_dim() == graph.shape(value).last_dim(),
        };
        let is_output = graph.outputs.iter().any(|(_, output)| *output == value);
        place
            && !is_output
            && graph.shape(value).last_dim().is_multiple_of(2)
            && producer_of(graph, value).is_some_and(|node| {
                self.is_view(node) || self.is_embedded(graph, node) || writes_pairs(graph, node)
            })
            && graph.nodes.iter().filter(|node| node.inputs.contains(&value)).all(|node| {
                self.is_view(node)
                    || self.is_embedded(graph, node)
                    || takes_pairs(graph, isa, node, value)
            })
    }

    /// Whether `node` puts columns together all of which are written where it wants them.
    fn is_embedded(&self, graph: &Graph, node: &Node) -> bool {
        let Op::Concat { axis } = node.op else { return false };
        let whole = self.place(node.outputs[0]);
        let mut start = whole.offset;
        axis + 1 == graph.shape(node.outputs[0]).len()
            && node.inputs.iter().all(|&input| {
                let place = self.place(input);
                let there = Place { offset: start, ..whole };
                start += graph.shape(input).last_dim();
                place == there
            })
    }
}

/// Whether the kernel of `node` can write pairs.
fn writes_pairs(graph: &Graph, node: &Node) -> bool {
    match &node.op {
        Op::Linear(_) | Op::RmsNorm(_) | Op::Resize(_) | Op::Pool(_) => true,
        Op::Conv2d(conv) => conv.groups == 1,
        Op::Attention { heads, .. } => {
            (graph.shape(node.outputs[0]).last_dim() / heads).is_multiple_of(2)
        }
        Op::LayerNorm(_) => node.inputs.len() == 1,
        _ => false,
    }
}

/// Whether `node` multiplies `value` with its weights in bf16, or adds it to products, or both, or chooses of its numbers.
fn takes_pairs(graph: &Graph, isa: Isa, node: &Node, value: Value) -> bool {
    let takes_first = match &node.op {
        Op::Linear(_) => true,
        Op::Conv2d(conv) => Form::of(graph, node, conv, isa, Factors::Bf16).takes_pairs(),
        Op::Pool(pool) => pool.kind == PoolKind::Max,
        _ => false,
    };
    let adds = match &node.op {
        Op::Linear(_) => true,
        Op::Conv2d(conv) => conv.groups == 1,
        _ => false,
    };
    let last = node.op.residual_of(&node.inputs).map(|_| node.inputs.len() - 1);
    let mut reads = node.inputs.iter().enumerate().filter(|(_, input)| **input == value);
    reads.all(|(i, _)| if Some(i) == last { adds } else { i == 0 && takes_first })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::CpuExecutor;
    use crate::op::Activation;
    use crate::passes::{self, testing::weights};
    use crate::{Conv, Executor, Precision};

    /// A block of a transformer behind two convolutions, and its values in the order of making.
    fn graph() -> (Graph, Vec<Value>) {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[1, 5, 4, 3]).unwrap();
        let stem = g.conv(x, &w.at("stem"), 32, Conv::same(3)).unwrap();
        let image = g.conv(stem, &w.at("image"), 24, Conv::k(1)).unwrap();
        let tokens = g.reshape(image, &[1, 20, 24]).unwrap();
        let norm = g.layer_norm_plain(tokens, 1e-5);
        let [q, k, v] = ["q", "k", "v"].map(|name| g.linear(norm, &w.at(name), 24).unwrap());
        let gathered = g.attention(q, k, v, 2).unwrap();
        let projected = g.linear(gathered, &w.at("projected"), 24).unwrap();
        let sum = g.add(tokens, projected).unwrap();
        let wide = g.linear(sum, &w.at("wide"), 96).unwrap();
        let wide = g.activation(wide, Activation::Gelu);
        let rows = g.reshape(wide, &[20, 96]).unwrap();
        let y = g.linear(rows, &w.at("y"), 6).unwrap();
        g.output("y", y);
        (g, vec![stem, image, norm, q, gathered, sum, wide, rows, y])
    }

    #[test]
    fn what_is_only_multiplied_is_in_pairs() {
        let (g, values) = graph();
        let g = passes::optimise(&g);
        let mut layout = Layout::of(&g);
        layout.write_pairs(&g, Isa::Scalar);
        let pairs = values.iter().map(|&value| layout.place(value).factors == Factors::Bf16);
        let [yes, no] = [true, false];
        // The merged q, k and v are read by the attention; the sum lies where its summand did.
        assert_eq!(pairs.collect::<Vec<_>>(), [yes, no, yes, no, yes, no, yes, yes, no]);
        let stem = layout.place(values[0]);
        assert_eq!((stem.ld, layout.floats(&g, values[0])), (16, 20 * 16));
    }

    #[test]
    fn what_is_added_to_products_is_in_pairs() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[1, 6, 6, 3]).unwrap();
        let stem = g.conv(x, &w.at("stem"), 16, Conv::same(3)).unwrap();
        let pooled = g.max_pool(stem, 3, 2, 1).unwrap();
        let first = g.conv(pooled, &w.at("first"), 16, Conv::k(1)).unwrap();
        let sum = g.add(pooled, first).unwrap();
        let second = g.conv(sum, &w.at("second"), 16, Conv::k(1)).unwrap();
        let last = g.add(sum, second).unwrap();
        let y = g.conv(last, &w.at("y"), 6, Conv::k(1)).unwrap();
        g.output("y", y);
        let both = g.layer_norm_plain(last, 1e-5);
        g.output("both", both);
        let g = passes::optimise(&g);
        let mut layout = Layout::of(&g);
        layout.write_pairs(&g, Isa::Scalar);
        let pairs = [stem, pooled, last].map(|value| layout.place(value).factors);
        assert_eq!(pairs, [Factors::Bf16, Factors::Bf16, Factors::F32]);

        let mut without = g.clone();
        without.outputs.retain(|(name, _)| name == "y");
        let g = passes::optimise(&without);
        let mut layout = Layout::of(&g);
        layout.write_pairs(&g, Isa::Scalar);
        let pairs = [stem, pooled, last].map(|value| layout.place(value).factors);
        assert_eq!(pairs, [Factors::Bf16; 3]);
    }

    #[test]
    fn answers_are_those_of_rounding_readers() {
        let answer = |g: &Graph| {
            let executor = CpuExecutor::new(2).unwrap().with_precision(Precision::Bf16).unwrap();
            let program = executor.compile(g).unwrap();
            let bytes = program.session_bytes();
            let mut session = program.session().unwrap();
            for (i, x) in session.input(0).unwrap().iter_mut().enumerate() {
                *x = (i * 7919 % 1009) as f32 / 1009.0 - 0.5;
            }
            session.run().unwrap();
            let output: Vec<u32> = session.output(0).unwrap().iter().map(|x| x.to_bits()).collect();
            (output, bytes)
        };
        let (mut g, values) = graph();
        let (in_pairs, fewer) = answer(&g);
        // Outputs are numbers.
        for (i, &value) in values.iter().enumerate() {
            g.output(&format!("value {i}"), value);
        }
        let (in_numbers, more) = answer(&g);
        assert_eq!(in_pairs, in_numbers);
        assert!(fewer < more);
    }
}

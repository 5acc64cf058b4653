//! Where values lie: which of them are views of others, which are added up in the place of a summand, and which are written
//! straight into the concatenation that reads them.

mod pairs;

use ocelli_kernels::Factors;
use ocelli_kernels::gemm::row_stride;

use crate::op::Op;
use crate::{Graph, Node, Value};

/// How a value lies in memory: rows of its last dimension, `ld` floats apart, from `offset` on in the memory of `root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) root: Value,
    pub(super) offset: usize,
    pub(super) ld: usize,
    /// What its floats are: numbers, or pairs of them.
    pub(super) factors: Factors,
}

/// The [`Place`] of each value of a graph.
pub(super) struct Layout {
    parents: Vec<Option<(Value, Relation)>>,
    /// What the floats are of each value that has no parent.
    factors: Vec<Factors>,
    /// Distance of the rows of each value that has no parent.
    strides: Vec<usize>,
    places: Vec<Place>,
}

/// How a value lies in its parent.
#[derive(Clone, Copy, Debug)]
enum Relation {
    /// The same floats in the same order.
    Same,
    /// Columns of each row, from this one on.
    Columns(usize),
    /// Adjacent floats, from this one on.
    Block(usize),
}

impl Layout {
    pub(super) fn of(graph: &Graph) -> Layout {
        let mut layout = Layout {
            parents: vec![None; graph.values.len()],
            factors: vec![Factors::F32; graph.values.len()],
            strides: Vec::new(),
            places: Vec::new(),
        };
        for node in &graph.nodes {
            layout.view(graph, node);
        }
        for (index, node) in graph.nodes.iter().enumerate() {
            layout.accumulate(graph, index, node);
        }
        for node in &graph.nodes {
            layout.embed(graph, node);
        }
        layout.place_all(graph);
        layout
    }

    fn place_all(&mut self, graph: &Graph) {
        let values = || (0..graph.values.len() as u32).map(Value);
        self.strides = values().map(|value| self.stride(graph, value)).collect();
        self.places = values().map(|value| self.resolve(graph, value)).collect();
    }

    /// The distance of the rows of a value that is laid out by itself.
    fn stride(&self, graph: &Graph, value: Value) -> usize {
        let width = self.factors[value.0 as usize].floats(graph.shape(value).last_dim());
        let stride = row_stride(width);
        let own = self.parents[value.0 as usize].is_none() && graph.shape(value).rows() > 1;
        if own && stride > width && self.can_lie_apart(graph, value) { stride } else { width }
    }

    /// Floats that a value takes which is laid out by itself.
    pub(super) fn floats(&self, graph: &Graph, root: Value) -> usize {
        graph.shape(root).rows() * self.strides[root.0 as usize]
    }

    pub(super) fn place(&self, value: Value) -> Place {
        self.places[value.0 as usize]
    }

    /// Whether `node` needs no work of its own: its result is a view of its operand.
    pub(super) fn is_view(&self, node: &Node) -> bool {
        let viewing = matches!(node.op, Op::Reshape | Op::Slice { .. });
        let parent = self.parents[node.outputs[0].0 as usize];
        viewing && parent.is_some_and(|(parent, _)| parent == node.inputs[0])
    }

    /// Makes the result of `node` a view of its operand where it can be one.
    fn view(&mut self, graph: &Graph, node: &Node) {
        let [input, ..] = node.inputs[..] else { return };
        let (shape, output) = (graph.shape(input), node.outputs[0]);
        let relation = match node.op {
            Op::Reshape => {
                let rows_stay = graph.shape(output).last_dim() == shape.last_dim();
                (rows_stay || self.is_dense(graph, input)).then_some(Relation::Same)
            }
            Op::Slice { axis, start, step: 1 } => part(&shape, axis, start),
            _ => None,
        };
        self.parents[output.0 as usize] = relation.map(|relation| (input, relation));
    }

    /// Lets `node` write its result over its residual, if that is needed no longer.
    fn accumulate(&mut self, graph: &Graph, index: usize, node: &Node) {
        let (Some(&residual), &[output]) = (node.op.residual_of(&node.inputs), &node.outputs[..])
        else {
            return;
        };
        let Some(root) = self.root_of(graph, residual).filter(|&root| is_computed(graph, root))
        else {
            return;
        };
        let others = node.inputs.iter().filter(|&&input| input != residual);
        let later = graph.nodes[index + 1..].iter().flat_map(|node| &node.inputs);
        let kept = graph.outputs.iter().map(|(_, value)| value);
        let given = graph.inputs.iter().map(|(_, value)| value);
        let mut needed = others.chain(later).chain(kept).chain(given);
        let twice = node.inputs.iter().filter(|&&input| input == residual).count() > 1;
        let is_output = graph.outputs.iter().any(|(_, value)| *value == output);
        if !twice && !is_output && needed.all(|&value| self.base(value) != root) {
            self.parents[output.0 as usize] = Some((residual, Relation::Same));
        }
    }

    /// The value in whose memory `value` lies.
    fn base(&self, mut value: Value) -> Value {
        while let Some((parent, _)) = self.parents[value.0 as usize] {
            value = parent;
        }
        value
    }

    /// Lets operands of a concatenation be written where it wants them.
    fn embed(&mut self, graph: &Graph, node: &Node) {
        let Op::Concat { axis } = node.op else { return };
        let (output, mut start) = (node.outputs[0], 0);
        for &operand in &node.inputs {
            let relation = part(&graph.shape(output), axis, start);
            start += graph.shape(operand)[axis];
            let Some((root, relation)) = self.root_of(graph, operand).zip(relation) else {
                continue;
            };
            if root != output && self.can_embed(graph, root, relation) {
                self.parents[root.0 as usize] = Some((output, relation));
            }
        }
    }

    /// The value of which `value` is all, seen through reshapes, if it is made by a node.
    fn root_of(&self, graph: &Graph, mut value: Value) -> Option<Value> {
        let width = graph.shape(value).last_dim();
        while let Some((parent, relation)) = self.parents[value.0 as usize] {
            let Relation::Same = relation else { return None };
            value = parent;
        }
        (graph.shape(value).last_dim() == width).then_some(value)
    }

    fn can_embed(&self, graph: &Graph, root: Value, relation: Relation) -> bool {
        let apart = matches!(relation, Relation::Columns(_));
        is_computed(graph, root) && (!apart || self.can_lie_apart(graph, root))
    }

    /// Whether `value`, and all that is written straight into it, can be rows that are apart.
    fn can_lie_apart(&self, graph: &Graph, value: Value) -> bool {
        let producer = producer_of(graph, value);
        let Some(producer) = producer.filter(|node| writes_rows(&node.op)) else { return false };
        let embedded = producer.inputs.iter().filter(|_| matches!(producer.op, Op::Concat { .. }));
        self.is_read_by_rows(graph, value)
            && embedded
                .filter_map(|&operand| self.embedded_root(operand, value))
                .all(|root| self.can_lie_apart(graph, root))
    }

    /// The value that lies in `concat` by itself and of which `operand` is all.
    fn embedded_root(&self, mut operand: Value, concat: Value) -> Option<Value> {
        while let Some((parent, _)) = self.parents[operand.0 as usize] {
            if parent == concat {
                return Some(operand);
            }
            operand = parent;
        }
        None
    }

    /// Whether all readers of `value` and of its views take rows that are apart.
    fn is_read_by_rows(&self, graph: &Graph, value: Value) -> bool {
        if graph.outputs.iter().any(|(_, output)| *output == value) {
            return false;
        }
        graph.nodes.iter().filter(|node| node.inputs.contains(&value)).all(|node| {
            let output = node.outputs[0];
            let parent = self.parents[output.0 as usize];
            if parent.is_none_or(|(parent, _)| parent != value) {
                return reads_rows(&node.op);
            }
            let rows_stay = graph.shape(output).last_dim() == graph.shape(value).last_dim();
            let stays = rows_stay || !matches!(node.op, Op::Reshape);
            stays && self.is_read_by_rows(graph, output)
        })
    }

    fn is_dense(&self, graph: &Graph, value: Value) -> bool {
        match self.parents[value.0 as usize] {
            None | Some((_, Relation::Block(_))) => true,
            Some((parent, Relation::Same)) => self.is_dense(graph, parent),
            Some((_, Relation::Columns(_))) => graph.shape(value).rows() <= 1,
        }
    }

    fn resolve(&self, graph: &Graph, value: Value) -> Place {
        let width = graph.shape(value).last_dim();
        let Some((parent, relation)) = self.parents[value.0 as usize] else {
            let (ld, factors) = (self.strides[value.0 as usize], self.factors[value.0 as usize]);
            return Place { root: value, offset: 0, ld, factors };
        };
        let (place, parent_width) = (self.resolve(graph, parent), graph.shape(parent).last_dim());
        let dense = place.ld == parent_width;
        let rows_at =
            |floats: usize| floats / parent_width.max(1) * place.ld + floats % parent_width.max(1);
        match relation {
            Relation::Same => Place { ld: if dense { width } else { place.ld }, ..place },
            Relation::Columns(first) => {
                Place { offset: place.offset + place.factors.floats(first), ..place }
            }
            Relation::Block(first) => Place {
                offset: place.offset + rows_at(first),
                ld: if dense { width } else { place.ld },
                ..place
            },
        }
    }
}

/// Whether a step of each run makes `value`.
fn is_computed(graph: &Graph, value: Value) -> bool {
    producer_of(graph, value).is_some_and(|node| !matches!(node.op, Op::Constant(_)))
}

fn producer_of(graph: &Graph, value: Value) -> Option<&Node> {
    graph.nodes.iter().find(|node| node.outputs.contains(&value))
}

/// How the part from `start` on along `axis` lies in a value of the extents `shape`, if it is adjacent or columns.
fn part(shape: &[usize], axis: usize, start: usize) -> Option<Relation> {
    let inner: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    if outer <= 1 && axis + 1 < shape.len() {
        Some(Relation::Block(start * inner))
    } else {
        (axis + 1 == shape.len()).then_some(Relation::Columns(start))
    }
}

/// Whether `op`'s kernel can write rows that are apart.
fn writes_rows(op: &Op) -> bool {
    keeps_apart(op) || matches!(op, Op::GridSample { .. } | Op::DeformableAttention(_))
}

/// Whether `op`'s kernel can read rows that are apart, in all operands.
fn reads_rows(op: &Op) -> bool {
    keeps_apart(op) || matches!(op, Op::TopK { .. } | Op::ArgMax)
}

/// Whether `op`'s kernel can both read and write rows that are apart.
fn keeps_apart(op: &Op) -> bool {
    matches!(
        op,
        Op::Conv2d(_)
            | Op::Linear(_)
            | Op::Attention { .. }
            | Op::Concat { .. }
            | Op::LayerNorm(_)
            | Op::RmsNorm(_)
            | Op::GroupNorm { .. }
            | Op::L2Normalize { .. }
            | Op::ScaleShift { .. }
            | Op::Softmax
            | Op::Pool(_)
            | Op::Resize(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passes::testing::weights;
    use crate::{Conv, passes};

    fn place(root: Value, offset: usize, ld: usize) -> Place {
        Place { root, offset, ld, factors: Factors::F32 }
    }

    #[test]
    fn slices_and_reshapes_are_views() {
        let mut g = Graph::new();
        let x = g.input("x", &[2, 3, 8]).unwrap();
        let columns = g.slice(x, 2, 2..6).unwrap();
        let flat = g.reshape(columns, &[6, 4]).unwrap();
        let all = g.reshape(x, &[48]).unwrap();
        let layout = Layout::of(&g);
        assert_eq!(layout.place(flat), place(x, 2, 8));
        assert_eq!(layout.place(all), place(x, 0, 48));
    }

    #[test]
    fn a_reshape_that_breaks_up_apart_rows_is_no_view() {
        let mut g = Graph::new();
        let x = g.input("x", &[3, 8]).unwrap();
        let columns = g.slice(x, 1, 2..6).unwrap();
        let flat = g.reshape(columns, &[12]).unwrap();
        assert_eq!(Layout::of(&g).place(flat).root, flat);
    }

    #[test]
    fn rows_of_one_image_are_adjacent() {
        let mut g = Graph::new();
        let x = g.input("x", &[1, 5, 4, 2]).unwrap();
        let rows = g.slice(x, 1, 2..4).unwrap();
        assert_eq!(Layout::of(&g).place(rows), place(x, 16, 2));
    }

    #[test]
    fn a_chain_of_blocks_writes_into_its_concatenation() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[1, 4, 4, 6]).unwrap();
        let stem = g.conv(x, &w.at("stem"), 8, Conv::k(1)).unwrap();
        let halves = g.split(stem, 3, &[4, 4]).unwrap();
        let block = g.conv(halves[1], &w.at("block"), 4, Conv::same(3)).unwrap();
        let all = g.concat(&[halves[0], halves[1], block], 3).unwrap();
        let y = g.conv(all, &w.at("last"), 2, Conv::k(1)).unwrap();
        g.output("y", y);
        let g = passes::optimise(&g);
        let layout = Layout::of(&g);
        assert_eq!(layout.place(block), place(all, 8, 12));
        assert_eq!(layout.place(halves[1]), place(all, 4, 12));
    }

    #[test]
    fn pools_write_side_by_side_and_norms_read_there() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[1, 4, 4, 6]).unwrap();
        let stem = g.conv(x, &w.at("stem"), 8, Conv::k(1)).unwrap();
        let pooled = g.max_pool(stem, 3, 1, 1).unwrap();
        let twice = g.max_pool(pooled, 3, 1, 1).unwrap();
        let all = g.concat(&[stem, pooled, twice], 3).unwrap();
        let y = g.layer_norm_plain(all, 1e-5);
        g.output("y", y);
        let layout = Layout::of(&g);
        for (i, part) in [stem, pooled, twice].into_iter().enumerate() {
            assert_eq!(layout.place(part), place(all, 8 * i, 24));
        }
    }

    #[test]
    fn rows_that_share_cache_sets_are_set_apart() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[3, 8]).unwrap();
        let wide = g.linear(x, &w.at("wide"), 1024).unwrap();
        let half = g.slice(wide, 1, 0..512).unwrap();
        let y = g.linear(half, &w.at("y"), 512).unwrap();
        let flat = g.reshape(y, &[1536]).unwrap();
        g.output("flat", flat);
        let layout = Layout::of(&g);
        assert_eq!(layout.place(half), place(wide, 0, 1040));
        assert_eq!(layout.place(y), place(y, 0, 512));
        assert_eq!(layout.floats(&g, wide), 3 * 1040);
    }

    /// A value, what is added to it twice, and a linear layer of the sum.
    fn sums(more: impl FnOnce(&mut Graph, Value)) -> (Layout, [Value; 3]) {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[3, 8]).unwrap();
        let first = g.linear(x, &w.at("first"), 8).unwrap();
        let mut sums = [first; 3];
        for i in 1..3 {
            let norm = g.layer_norm_plain(sums[i - 1], 1e-5);
            let part = g.linear(norm, &w.at(format!("part{i}")), 8).unwrap();
            sums[i] = g.add(sums[i - 1], part).unwrap();
        }
        let y = g.linear(sums[2], &w.at("y"), 8).unwrap();
        g.output("y", y);
        more(&mut g, sums[1]);
        let g = passes::optimise(&g);
        (Layout::of(&g), sums)
    }

    #[test]
    fn sums_take_the_place_of_what_they_are_added_to() {
        let (layout, [first, second, third]) = sums(|_, _| {});
        assert_eq!([second, third].map(|sum| layout.place(sum).root), [first; 2]);
    }

    #[test]
    fn what_is_read_again_is_not_overwritten() {
        let (layout, [first, second, third]) = sums(|g, sum| {
            let flat = g.reshape(sum, &[24]).unwrap();
            let y = g.relu(flat);
            g.output("flat", y);
        });
        assert_eq!([second, third].map(|sum| layout.place(sum).root), [first, third]);
    }

    #[test]
    fn an_output_is_not_overwritten() {
        let (layout, [first, second, third]) = sums(|g, sum| g.output("sum", sum));
        assert_eq!(
            [first, second, third].map(|sum| layout.place(sum).root),
            [first, second, third]
        );
    }

    #[test]
    fn what_is_also_an_output_stays_by_itself() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[3, 6]).unwrap();
        let a = g.linear(x, &w.at("a"), 2).unwrap();
        let all = g.concat(&[x, a], 1).unwrap();
        g.output("a", a);
        g.output("all", all);
        assert_eq!(Layout::of(&g).place(a).root, a);
    }
}

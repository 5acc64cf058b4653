//! Which operations are done band by band, one after another, so that what lies between them needs no memory.

use std::ops::Range;

use ocelli_kernels::chain::MAX_LINKS;

use crate::op::{Conv2d, Op};
use crate::{Graph, Node, Value};

/// Bytes of a map that no second-level cache holds.
const MAP_BYTES: usize = 4 << 20;

/// The chains of a graph: neighbouring nodes, a resize and convolutions of its result.
pub(super) struct Chains(Vec<Range<usize>>);

impl Chains {
    pub(super) fn of(graph: &Graph) -> Chains {
        let resizes =
            (0..graph.nodes.len()).filter(|&i| matches!(graph.nodes[i].op, Op::Resize(_)));
        let links = resizes.map(|first| {
            let follows = |&i: &usize| is_link(graph, &graph.nodes[i - 1], &graph.nodes[i]);
            let last = (first + 1..graph.nodes.len()).take(MAX_LINKS).take_while(follows).last();
            first..last.map_or(first, |last| last + 1)
        });
        Chains(links.filter(|chain| !chain.is_empty()).collect())
    }

    /// The chain that begins with node `first`.
    pub(super) fn at(&self, first: usize) -> Option<Range<usize>> {
        self.0.iter().find(|chain| chain.start == first).cloned()
    }

    /// Whether node `index` is in a chain.
    pub(super) fn hold(&self, index: usize) -> bool {
        self.0.iter().any(|chain| chain.contains(&index))
    }
}

/// Whether `node` is a convolution that alone reads what the node before it makes, which is large.
fn is_link(graph: &Graph, before: &Node, node: &Node) -> bool {
    let (Op::Conv2d(conv), [map], [input]) = (&node.op, &before.outputs[..], &node.inputs[..])
    else {
        return false;
    };
    map == input && is_plain(conv) && readers(graph, *map) == 1 && {
        let [n, ..] = graph.shape(*map)[..] else { return false };
        graph.shape(*map).elements() / n.max(1) * size_of::<f32>() >= MAP_BYTES
    }
}

fn is_plain(conv: &Conv2d) -> bool {
    conv.groups == 1 && conv.epilogue.residual.is_none()
}

fn readers(graph: &Graph, value: Value) -> usize {
    let operands = graph.nodes.iter().flat_map(|node| &node.inputs);
    let outputs = graph.outputs.iter().map(|(_, output)| output);
    operands.chain(outputs).filter(|&&read| read == value).count()
}

//! Operations that are done band by band.

use std::array;

use ocelli_kernels::chain::{Chain, Link, MAX_LINKS};
use ocelli_kernels::gemm;
use ocelli_kernels::{Image, ImageMut};

use super::conv::{Form, extents};
use super::{Lowering, Title};
use crate::cost::{self, Cost};
use crate::op::{Conv2d, Op};
use crate::{Error, Node, Result};

impl Lowering<'_> {
    /// Lowers a resize and the convolutions after it to one step.
    pub(super) fn chain(&mut self, nodes: &[Node]) -> Result<()> {
        let ([first, convs @ ..], Some(last)) = (nodes, nodes.last()) else { return Ok(()) };
        let Op::Resize(resize) = first.op else { return Err(no_chain(first)) };
        let plan = self.resize_plan(first, resize)?;
        let (mut links, mut biases) = (Vec::new(), Vec::new());
        for node in convs {
            let Op::Conv2d(conv) = &node.op else { return Err(no_chain(node)) };
            links.push(self.link(node, conv)?);
            biases.push((self.packs.optional(conv.bias.as_ref())?, conv.epilogue.activation));
        }
        let from = extents(self.graph.shape(first.inputs[0]));
        let to = extents(self.graph.shape(last.outputs[0]));
        let chain = Chain::new(plan, from[3], links);
        let reads = self.operands(first);
        let mut writes = self.results(last);
        writes.push(self.scratch(chain.scratch_len(self.threads)));
        let title = self.chain_title(nodes, last);
        self.push(
            title,
            reads,
            writes,
            Box::new(move |args, context| {
                let x = Image::of_rows(args.rows(0), from);
                let out = ImageMut::of_rows(args.rows_mut(0), to);
                let epilogues: [gemm::Epilogue; MAX_LINKS] =
                    array::from_fn(|i| match biases.get(i) {
                        Some((bias, activation)) => gemm::Epilogue {
                            bias: bias.as_deref().map(|b| &**b),
                            activation: *activation,
                            residual: None,
                        },
                        None => gemm::Epilogue::default(),
                    });
                chain.run(context, x, &epilogues[..biases.len()], out, args.write(1));
            }),
        )
    }

    fn link(&mut self, node: &Node, conv: &Conv2d) -> Result<Link> {
        let form = Form::of(self.graph, node, conv, self.isa, self.factors).in_band();
        let weight = form.packed(self.packs, conv)?;
        self.shared_bytes += weight.bytes();
        let place = self.layout.place(node.inputs[0]);
        let pad = [conv.pad[0], conv.pad[2]];
        Ok(Link { weight, pad, ld: place.ld, factors: place.factors })
    }

    /// What all nodes cost, but for the maps between them.
    fn chain_title(&self, nodes: &[Node], last: &Node) -> Title {
        let costs = nodes.iter().map(|node| cost::of(self.graph, node));
        let inner = nodes[1..].iter().map(|node| self.graph.shape(node.inputs[0]).elements());
        let moved = 2 * size_of::<f32>() * inner.sum::<usize>();
        let all = costs.fold(Cost::default(), |a, b| Cost {
            flops: a.flops + b.flops,
            bytes: a.bytes + b.bytes,
        });
        Title {
            op: "chain",
            label: last.label.clone(),
            shape: self.graph.shape(last.outputs[0]),
            cost: Cost { bytes: all.bytes - moved as u64, ..all },
        }
    }
}

fn no_chain(node: &Node) -> Error {
    let what = format!("{} in a chain", node.op.name());
    Error::Unsupported { executor: "cpu", what }
}

//! Elements chosen by their values.

use ocelli_kernels::{gather, layout, topk};

use super::Lowering;
use crate::{Node, Result};

impl Lowering<'_> {
    pub(super) fn top_k(&mut self, node: &Node, k: usize) -> Result<()> {
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            topk::topk(context, args.rows(0), k, args.write(0), args.write_i32(1));
        })
    }

    pub(super) fn arg_max(&mut self, node: &Node) -> Result<()> {
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            topk::argmax(context, args.rows(0), args.write_i32(0));
        })
    }

    pub(super) fn gather_rows(&mut self, node: &Node) -> Result<()> {
        let shape = self.graph.shape(node.inputs[0]);
        let extents = [shape[0], shape[1], shape[2]];
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            gather::gather_rows(context, args.read(0), extents, args.read_i32(1), args.write(0));
        })
    }

    pub(super) fn convert_to_f32(&mut self, node: &Node) -> Result<()> {
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            layout::to_f32(context, args.read_i32(0), args.write(0));
        })
    }

    pub(super) fn convert_to_i32(&mut self, node: &Node) -> Result<()> {
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            layout::to_i32(context, args.read(0), args.write_i32(0));
        })
    }
}

//! Functions of elements, and reductions.

use std::ops::Range;

use ocelli_kernels::binary::BinaryPlan;
use ocelli_kernels::{activation, binary, reduce, unary};

use super::Lowering;
use crate::op::{Activation, Binary, Reduce, Unary};
use crate::{Error, Node, Result};

impl Lowering<'_> {
    pub(super) fn activation(&mut self, node: &Node, activation: Activation) -> Result<()> {
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            activation::activate(context, activation, args.read(0), args.write(0));
        })
    }

    pub(super) fn unary(&mut self, node: &Node, unary: Unary) -> Result<()> {
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            unary::unary(context, unary, args.read(0), args.write(0));
        })
    }

    pub(super) fn binary(&mut self, node: &Node, binary: Binary) -> Result<()> {
        let [a, b] = [0, 1].map(|i| self.graph.shape(node.inputs[i]));
        let plan = BinaryPlan::new(&a, &b)
            .map_err(|error| Error::Shape { op: "binary", what: error.to_string() })?;
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            let (a, b, out) = (args.read(0), args.read(1), args.write(0));
            binary::binary(context, binary, Activation::Identity, &plan, a, b, out);
        })
    }

    pub(super) fn reduce(&mut self, node: &Node, kind: Reduce, axes: Range<usize>) -> Result<()> {
        let shape = self.graph.shape(node.inputs[0]);
        let extents = [&shape[..axes.start], &shape[axes.clone()], &shape[axes.end..]]
            .map(|dims| dims.iter().product());
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            reduce::reduce(context, kind, args.read(0), extents, args.write(0));
        })
    }
}

//! Normalisations.

use ocelli_kernels::{Image, ImageMut, norm, softmax};

use super::Lowering;
use crate::op::{Activation, Norm};
use crate::{Node, Result, Tensor};

impl Lowering<'_> {
    pub(super) fn layer_norm(&mut self, node: &Node, op: &Norm) -> Result<()> {
        let (weight, bias) =
            (self.packs.optional(op.weight.as_ref())?, self.packs.optional(op.bias.as_ref())?);
        let eps = op.eps;
        let (reads, writes) = (self.operands(node), self.results(node));
        let residual = reads.len() > 1;
        self.emit(node, reads, writes, move |args, context| {
            let norm = norm::LayerNorm {
                weight: weight.as_deref().map(|w| &**w),
                bias: bias.as_deref().map(|b| &**b),
                eps,
            };
            let residual = residual.then(|| args.rows(1));
            let (x, out) = (args.rows(0), args.rows_mut(0));
            norm::layer_norm(context, &norm, x, residual, out);
        })
    }

    pub(super) fn rms_norm(&mut self, node: &Node, op: &Norm) -> Result<()> {
        let weight = self.packs.optional(op.weight.as_ref())?;
        let eps = op.eps;
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            let weight = weight.as_deref().map(|w| &**w);
            let (x, out) = (args.rows(0), args.rows_mut(0));
            norm::rms_norm(context, weight, eps, x, out);
        })
    }

    pub(super) fn group_norm(&mut self, node: &Node, groups: usize, op: &Norm) -> Result<()> {
        let (weight, bias) =
            (self.packs.optional(op.weight.as_ref())?, self.packs.optional(op.bias.as_ref())?);
        let (eps, shape) = (op.eps, self.graph.shape(node.outputs[0]));
        let pixels = shape[1..shape.len() - 1].iter().product();
        let extents = [shape[0], pixels, 1, shape.last_dim()];
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            let norm = norm::GroupNorm {
                groups,
                weight: weight.as_deref().map(|w| &**w),
                bias: bias.as_deref().map(|b| &**b),
                eps,
            };
            let x = Image::of_rows(args.rows(0), extents);
            let out = ImageMut::of_rows(args.rows_mut(0), extents);
            norm::group_norm(context, &norm, x, out);
        })
    }

    pub(super) fn l2_normalize(&mut self, node: &Node, eps: f32) -> Result<()> {
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            let (x, out) = (args.rows(0), args.rows_mut(0));
            norm::l2_normalize(context, eps, x, out);
        })
    }

    pub(super) fn scale_shift(
        &mut self,
        node: &Node,
        scale: &Tensor,
        shift: Option<&Tensor>,
    ) -> Result<()> {
        let width = scale.shape().last_dim();
        let scale = self.packs.values(scale)?;
        let shift = self.packs.optional(shift)?;
        let shift = shift.unwrap_or_else(|| vec![0.0; width].into_boxed_slice().into());
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            let (x, out) = (args.rows(0), args.rows_mut(0));
            norm::scale_shift(context, &scale, &shift, Activation::Identity, x, out);
        })
    }

    pub(super) fn softmax(&mut self, node: &Node) -> Result<()> {
        let (reads, writes) = (self.operands(node), self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            let (x, out) = (args.rows(0), args.rows_mut(0));
            softmax::softmax(context, x, out);
        })
    }
}

//! Convolutions.

use std::sync::Arc;

use ocelli_kernels::conv::{self, Algorithm, PackedConv, PackedConvTranspose};
use ocelli_kernels::{Factors, Image, ImageMut, Isa, Products};

use super::Lowering;
use super::linear::kernel_epilogue;
use crate::cpu::packs::Packs;
use crate::op::{Conv2d, ConvTranspose2d};
use crate::{Graph, Node, Result, Shape};

impl Lowering<'_> {
    pub(super) fn conv(&mut self, node: &Node, op: &Conv2d) -> Result<()> {
        let form = Form::of(self.graph, node, op, self.isa, self.factors);
        let (weight, input) = (form.packed(self.packs, op)?, form.input);
        self.shared_bytes += weight.bytes();
        let bias = self.packs.optional(op.bias.as_ref())?;
        let (output, epilogue) = (extents(self.graph.shape(node.outputs[0])), op.epilogue);
        let (reads, result) = self.accumulating(node);
        let scratch = self.scratch(conv::conv2d_scratch_len(&weight, input, self.threads));
        self.emit(node, reads, vec![result, scratch], move |args, context| {
            let epilogue = kernel_epilogue(args, epilogue, bias.as_deref().map(|b| &**b));
            let image = Image::of_rows(args.rows(0), input);
            let result = ImageMut::of_rows(args.rows_mut(0), output);
            conv::conv2d(context, image, &weight, epilogue, result, args.write(1));
        })
    }

    pub(super) fn conv_transpose(&mut self, node: &Node, op: &ConvTranspose2d) -> Result<()> {
        let (isa, shape) = (self.isa, extents(op.weight.shape()));
        let [v, h] = op.pad;
        let spec = conv::ConvTranspose2d {
            stride: op.stride,
            pad: [v, h, v, h],
            output_pad: [0; 2],
            groups: 1,
        };
        let weight = self.packs.get(&op.weight, format!("conv transpose {isa} {spec:?}"), |w| {
            PackedConvTranspose::new(isa, spec, shape, w)
        })?;
        self.shared_bytes += weight.bytes();
        let bias = self.packs.optional(op.bias.as_ref())?;
        let input = extents(self.graph.shape(node.inputs[0]));
        let output = extents(self.graph.shape(node.outputs[0]));
        let reads = vec![self.operand(node.inputs[0])];
        let writes = vec![self.operand(node.outputs[0])];
        self.emit(node, reads, writes, move |args, context| {
            let epilogue = kernel_epilogue(
                args,
                crate::op::Epilogue::default(),
                bias.as_deref().map(|b| &**b),
            );
            let image = Image::of_rows(args.rows(0), input);
            let result = ImageMut::of_rows(args.rows_mut(0), output);
            conv::conv_transpose2d(context, image, &weight, epilogue, result);
        })
    }
}

/// How a convolution is computed.
pub(in crate::cpu) struct Form {
    spec: conv::Conv2d,
    /// Of the weights, `[out, in / groups, kh, kw]`.
    shape: [usize; 4],
    input: [usize; 4],
    isa: Isa,
    algorithm: Algorithm,
    products: Products,
}

impl Form {
    pub(in crate::cpu) fn of(
        graph: &Graph,
        node: &Node,
        op: &Conv2d,
        isa: Isa,
        factors: Factors,
    ) -> Form {
        let (shape, input) = (extents(op.weight.shape()), extents(graph.shape(node.inputs[0])));
        let Conv2d { stride, pad, dilation, groups, .. } = *op;
        let spec = conv::Conv2d { stride, pad, dilation, groups };
        let (algorithm, products) =
            Algorithm::cheapest(isa, factors, &spec, shape, [input[1], input[2]]);
        Form { spec, shape, input, isa, algorithm, products }
    }

    /// The same for bands, in which what is above and below the picture are lines like others.
    pub(super) fn in_band(mut self) -> Form {
        (self.spec.pad[0], self.spec.pad[2]) = (0, 0);
        self
    }

    /// The weight of `op`, as its kernel reads it.
    pub(super) fn packed(&self, packs: &Packs, op: &Conv2d) -> Result<Arc<PackedConv>> {
        let Form { spec, shape, isa, products, algorithm, .. } = *self;
        packs.get(&op.weight, format!("conv {isa} {algorithm:?} {products:?} {spec:?}"), |w| {
            PackedConv::with(isa, algorithm, products, spec, shape, w)
        })
    }

    /// Whether it multiplies pixels of its input in bf16.
    pub(in crate::cpu) fn takes_pairs(&self) -> bool {
        conv::takes_pairs(self.algorithm, self.products, &self.spec, self.shape)
    }
}

/// The extents of a value of four dimensions, as the graph has checked.
pub(super) fn extents(shape: Shape) -> [usize; 4] {
    <[usize; 4]>::try_from(&*shape).unwrap_or_default()
}

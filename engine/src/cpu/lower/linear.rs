//! Products with packed weights, and of two values.

use std::sync::Arc;

use ocelli_kernels::gemm::{self, PackedMatrix};
use ocelli_kernels::matmul::{self, Matmul};
use ocelli_kernels::{Factors, Isa, Products, Rows, RowsMut};

use super::Lowering;
use crate::cpu::memory::{Args, Operand};
use crate::cpu::packs::Packs;
use crate::op::{self, Linear};
use crate::{Graph, Node, Result};

impl Lowering<'_> {
    pub(super) fn linear(&mut self, node: &Node, op: &Linear) -> Result<()> {
        let products = products(self.graph, node, op, self.isa, self.factors);
        let weight = packed(self.packs, self.isa, products, op)?;
        self.shared_bytes += weight.bytes();
        let bias = self.packs.optional(op.bias.as_ref())?;
        let (reads, result) = self.accumulating(node);
        let epilogue = op.epilogue;
        self.emit(node, reads, vec![result], move |args, context| {
            let epilogue = kernel_epilogue(args, epilogue, bias.as_deref().map(|b| &**b));
            gemm::linear(context, args.rows(0), &weight, epilogue, args.rows_mut(0));
        })
    }

    /// The operands of `node` but for a residual that lies where the result does, and the result.
    pub(super) fn accumulating(&mut self, node: &Node) -> (Vec<Operand>, Operand) {
        let (mut reads, result) = (self.operands(node), self.operand(node.outputs[0]));
        if node.op.residual_of(&reads).is_some_and(|residual| *residual == result) {
            reads.pop();
        }
        (reads, result)
    }

    pub(super) fn matmul(&mut self, node: &Node, transpose_b: bool) -> Result<()> {
        let reads = self.dense_operands(node)?;
        let result = self.operand(node.outputs[0]);
        let (a, b) = (self.graph.shape(node.inputs[0]), self.graph.shape(node.inputs[1]));
        let (m, k) = (a[a.len() - 2], a.last_dim());
        let batch = a.rows() / m.max(1);
        let n = result.columns;
        let shape = Matmul { batch, m, n, k, b_transposed: transpose_b };
        let b_rows = b[b.len() - 2];
        let scratch = self.scratch(matmul::matmul_scratch_len(self.isa, &shape));
        self.emit(node, reads, vec![result, scratch], move |args, context| {
            let a =
                matmul::Operand { first: Rows::new(args.read(0), [m, k], k), batch_stride: m * k };
            let b_width = if transpose_b { k } else { n };
            let first = Rows::new(args.read(1), [b_rows, b_width], b_width);
            let b = matmul::Operand { first, batch_stride: b_rows * b_width };
            let first = RowsMut::new(args.write(0), [m, n], n);
            let out = matmul::OperandMut { first, batch_stride: m * n };
            let scratch = args.write(1);
            matmul::matmul(context, &shape, a, b, gemm::Epilogue::default(), out, scratch);
        })
    }
}

/// How a linear layer is computed.
pub(super) fn products(
    graph: &Graph,
    node: &Node,
    op: &Linear,
    isa: Isa,
    factors: Factors,
) -> Products {
    let (rows, weight) = (graph.shape(node.inputs[0]).rows(), op.weight.shape());
    Products::fastest(isa, factors, [rows, weight[0], 1, weight[1]])
}

/// The weight of a linear layer, as its kernel reads it.
pub(super) fn packed(
    packs: &Packs,
    isa: Isa,
    products: Products,
    op: &Linear,
) -> Result<Arc<PackedMatrix>> {
    let shape = op.weight.shape();
    packs.get(&op.weight, format!("linear {isa} {products:?}"), |w| {
        PackedMatrix::with_products(isa, products, shape[0], shape[1], w)
    })
}

/// The epilogue with its operands: `bias`, and where a residual is added the step's second operand, or what its result holds
/// if there is none.
pub(super) fn kernel_epilogue<'a>(
    args: &Args<'a>,
    epilogue: op::Epilogue,
    bias: Option<&'a [f32]>,
) -> gemm::Epilogue<'a> {
    let residual = epilogue.residual.map(|when| {
        let before_activation = when == op::Residual::BeforeActivation;
        match args.reads() {
            2.. => gemm::Residual::Rows { rows: args.rows(1), before_activation },
            _ => gemm::Residual::InPlace { before_activation },
        }
    });
    gemm::Epilogue { bias, activation: epilogue.activation, residual }
}

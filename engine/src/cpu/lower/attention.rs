//! Attention, dense and deformable.

use ocelli_kernels::Products;
use ocelli_kernels::attention::{self, Attention, Mask};

use super::Lowering;
use crate::{Node, Result};

impl Lowering<'_> {
    pub(super) fn attention(&mut self, node: &Node, heads: usize, scale: f32) -> Result<()> {
        let [q, k, v] = [0, 1, 2].map(|i| self.graph.shape(node.inputs[i]));
        let shape = Attention {
            batch: q[0],
            heads,
            q_len: q[1],
            kv_len: k[1],
            head_dim: q[2] / heads,
            v_dim: v[2] / heads,
            scale,
            causal: false,
            products: Products::of(self.factors),
        };
        let shape = shape.fastest(self.isa);
        let mut reads: Vec<_> = node.inputs[..3].iter().map(|&v| self.operand(v)).collect();
        if let Some(&mask) = node.inputs.get(3) {
            reads.push(self.dense(mask)?);
        }
        let masked = reads.len() > 3;
        let result = self.operand(node.outputs[0]);
        let scratch = self.scratch(attention::attention_scratch_len(self.isa, &shape));
        self.emit(node, reads, vec![result, scratch], move |args, context| {
            let mask = masked.then(|| Mask::shared(args.read(3), shape.kv_len));
            let qkv = [args.rows(0), args.rows(1), args.rows(2)];
            attention::attention(context, &shape, qkv, mask, args.rows_mut(0), args.write(1));
        })
    }
}

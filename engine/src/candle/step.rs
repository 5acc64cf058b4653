//! One operation, by whichever family it belongs to.

use candle_core::{DType, Result, Tensor};

use super::select;
use super::weights::Weights;
use super::{arithmetic, attention, conv, deformable, layout, linear, norm, pool, resize, sample};
use crate::Shape;
use crate::op::Op;

/// The results of `op` on the operands `x`, which are to have the `shapes`; all row-major.
pub(super) fn run(op: &Op, x: &[Tensor], shapes: &[Shape], w: &Weights) -> Result<Vec<Tensor>> {
    let shape = &shapes[0];
    let y = match op {
        Op::Constant(tensor) => w.get(tensor),
        Op::Conv2d(op) => conv::conv2d(op, x, w),
        Op::ConvTranspose2d(op) => conv::conv_transpose2d(op, &x[0], w),
        Op::Linear(op) => linear::linear(op, x, w),
        Op::MatMul { transpose_b } => linear::matmul(&x[0], &x[1], *transpose_b),
        Op::Attention { heads, scale } => attention::attention(x, *heads, *scale),
        Op::LayerNorm(op) => norm::layer_norm(op, x, w),
        Op::RmsNorm(op) => norm::rms_norm(op, x, w),
        Op::GroupNorm { groups, norm } => norm::group_norm(norm, &x[0], *groups, w),
        Op::L2Normalize { eps } => norm::l2_normalize(&x[0], *eps),
        Op::ScaleShift { scale, shift } => {
            norm::scale_shift(&x[0], Some(&w.get(scale)?), w.get_optional(shift.as_ref())?.as_ref())
        }
        Op::Activation(op) => arithmetic::activation(*op, &x[0]),
        Op::Unary(op) => arithmetic::unary(*op, &x[0]),
        Op::Binary(op) => arithmetic::binary(*op, &x[0], &x[1]),
        Op::Softmax => candle_nn::ops::softmax_last_dim(&x[0]),
        Op::Pool(op) => pool::pool(op, &x[0], shape),
        Op::Reduce { kind, first, end } => arithmetic::reduce(*kind, &x[0], *first..*end, shape),
        Op::Resize(op) => resize::resize(*op, &x[0], shape),
        Op::GridSample { padding, align_corners } => {
            sample::grid_sample(&x[0], &x[1], *padding, *align_corners)
        }
        Op::DeformableAttention(op) => deformable::attention(op, x, shape),
        Op::TopK { k } => return select::top_k(&x[0], *k),
        Op::ArgMax => select::arg_max(&x[0]),
        Op::GatherRows => select::gather_rows(&x[0], &x[1]),
        Op::Concat { axis } => Tensor::cat(x, *axis),
        Op::Slice { axis, start, step } => layout::slice(&x[0], *axis, *start, *step, shape),
        Op::Pad { pads, mode } => layout::pad(&x[0], pads, *mode),
        Op::Reshape => x[0].reshape(&**shape),
        Op::Transpose { permutation } => x[0].permute(permutation.as_slice()),
        Op::Expand => x[0].broadcast_as(&**shape),
        Op::ToF32 => x[0].to_dtype(DType::F32),
        Op::ToI32 => x[0].to_dtype(DType::U32),
    };
    Ok(vec![y?.contiguous()?])
}

//! The operations a graph is made of. All images are channels-last: `[n, h, w, c]`.

pub use ocelli_kernels::Activation;
pub use ocelli_kernels::binary::Binary;
pub use ocelli_kernels::reduce::Reduce;
pub use ocelli_kernels::unary::Unary;

use crate::Tensor;

/// One operation; its operands are values of the graph, its weights are its own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Op {
    /// No operands: a table of numbers.
    Constant(Tensor),
    /// `[n, h, w, in]` to `[n, h', w', out]`.
    Conv2d(Conv2d),
    /// `[n, h, w, in]` to `[n, h', w', out]`, upwards.
    ConvTranspose2d(ConvTranspose2d),
    /// `[.., in]` to `[.., out]`.
    Linear(Linear),
    /// `[.., m, k]` and `[.., k, n]` (or `[.., n, k]` if `transpose_b`) to `[.., m, n]`.
    MatMul {
        /// The second operand is stored `[.., n, k]`.
        transpose_b: bool,
    },
    /// `[n, q, d]`, `[n, t, d]`, `[n, t, d_v]` and optionally an additive mask `[q, t]` to `[n, q, d_v]`.
    Attention {
        /// Heads, side by side in the last dimension of all operands.
        heads: usize,
        /// What dot products are multiplied by before the softmax.
        scale: f32,
    },
    /// Zero mean and unit variance over the last dimension, then scale and shift; a second operand is added first.
    LayerNorm(Norm),
    /// Unit root mean square over the last dimension, then scale.
    RmsNorm(Norm),
    /// Like layer norm, over the pixels of an image and one group of its channels.
    GroupNorm {
        /// How many groups the channels are in.
        groups: usize,
        /// Scale, shift, epsilon.
        norm: Norm,
    },
    /// Unit Euclidean length over the last dimension; shorter vectors are divided by `eps`.
    L2Normalize {
        /// The least divisor.
        eps: f32,
    },
    /// `x * scale + shift` by channel (the last dimension): batch norm at inference, or layer scale.
    ScaleShift {
        /// `[c]`
        scale: Tensor,
        /// `[c]`
        shift: Option<Tensor>,
    },
    /// A function of each element.
    Activation(Activation),
    /// A function of each element.
    Unary(Unary),
    /// A function of each pair of elements, broadcast as NumPy does.
    Binary(Binary),
    /// Over the last dimension.
    Softmax,
    /// `[n, h, w, c]` to `[n, h', w', c]`.
    Pool(Pool),
    /// Over adjacent dimensions, which become 1.
    Reduce {
        /// What is made of the elements.
        kind: Reduce,
        /// The first dimension that is reduced.
        first: usize,
        /// One past the last dimension that is reduced.
        end: usize,
    },
    /// `[n, h, w, c]` to `[n, h', w', c]`; the result's shape says how large.
    Resize(Resize),
    /// `[n, h, w, c]` at the places `[n, h', w', 2]` (x, y in -1..1) to `[n, h', w', c]`: bilinear.
    GridSample {
        /// What lies outside.
        padding: SamplePadding,
        /// Whether -1 and 1 are the centres of the corner pixels, or their outer edges.
        align_corners: bool,
    },
    /// Sampling of `[n, t, d]` (the levels' tokens, one level after the other) around boxes `[n, q, 4]` (cx, cy, w, h)
    /// at offsets `[n, q, heads * levels * points * 2]`, weighted by the softmax over levels and points of
    /// `[n, q, heads * levels * points]`, to `[n, q, d]`.
    DeformableAttention(Deformable),
    /// The largest `k` of the last dimension and their indices, largest first, the lower index first of equals.
    TopK {
        /// How many.
        k: usize,
    },
    /// Index of the largest in the last dimension, the lowest of equals.
    ArgMax,
    /// `[n, t, c]` at the rows `[n, k]` to `[n, k, c]`. Indices outside are clamped.
    GatherRows,
    /// Side by side along one dimension.
    Concat {
        /// The dimension.
        axis: usize,
    },
    /// Every `step`th of `start..` along one dimension; the result's shape says how many.
    Slice {
        /// The dimension.
        axis: usize,
        /// The first index.
        start: usize,
        /// From one index to the next.
        step: usize,
    },
    /// More elements around, before and after in each dimension.
    Pad {
        /// Elements before and after, by dimension.
        pads: Vec<[usize; 2]>,
        /// What they are.
        mode: PadMode,
    },
    /// The same elements in the same order, under another shape.
    Reshape,
    /// Dimension `i` of the result is dimension `permutation[i]` of the operand.
    Transpose {
        /// The order of the dimensions.
        permutation: Vec<usize>,
    },
    /// Dimensions of extent 1 repeated.
    Expand,
    /// Indices as numbers.
    ToF32,
    /// Numbers as indices, rounded towards zero. None is negative.
    ToI32,
}

impl Op {
    /// What follows the operation in its own loop, for those that can.
    pub(crate) fn epilogue_mut(&mut self) -> Option<&mut Epilogue> {
        match self {
            Op::Conv2d(conv) => Some(&mut conv.epilogue),
            Op::Linear(linear) => Some(&mut linear.epilogue),
            _ => None,
        }
    }

    /// The last of the operands, where it is what the operation adds to its result.
    pub(crate) fn residual_of<'a, T>(&self, operands: &'a [T]) -> Option<&'a T> {
        let epilogue = match self {
            Op::Conv2d(conv) => conv.epilogue,
            Op::Linear(linear) => linear.epilogue,
            _ => return None,
        };
        epilogue.residual.and(operands.last())
    }

    /// The operation's name, as errors and profiles print it.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Constant(_) => "constant",
            Op::Conv2d(_) => "conv2d",
            Op::ConvTranspose2d(_) => "conv_transpose2d",
            Op::Linear(_) => "linear",
            Op::MatMul { .. } => "matmul",
            Op::Attention { .. } => "attention",
            Op::LayerNorm(_) => "layer_norm",
            Op::RmsNorm(_) => "rms_norm",
            Op::GroupNorm { .. } => "group_norm",
            Op::L2Normalize { .. } => "l2_normalize",
            Op::ScaleShift { .. } => "scale_shift",
            Op::Activation(_) => "activation",
            Op::Unary(_) => "unary",
            Op::Binary(_) => "binary",
            Op::Softmax => "softmax",
            Op::Pool(_) => "pool",
            Op::Reduce { .. } => "reduce",
            Op::Resize(_) => "resize",
            Op::GridSample { .. } => "grid_sample",
            Op::DeformableAttention(_) => "deformable_attention",
            Op::TopK { .. } => "top_k",
            Op::ArgMax => "arg_max",
            Op::GatherRows => "gather_rows",
            Op::Concat { .. } => "concat",
            Op::Slice { .. } => "slice",
            Op::Pad { .. } => "pad",
            Op::Reshape => "reshape",
            Op::Transpose { .. } => "transpose",
            Op::Expand => "expand",
            Op::ToF32 => "to_f32",
            Op::ToI32 => "to_i32",
        }
    }
}

/// What happens to a result before it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Epilogue {
    /// Applied to each element.
    pub activation: Activation,
    /// Whether the second operand is added, and when.
    pub residual: Option<Residual>,
}

/// When a second operand is added to a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Residual {
    /// `activation(result + residual)`
    BeforeActivation,
    /// `activation(result) + residual`
    AfterActivation,
}

/// A convolution.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// `[out, in / groups, kh, kw]`
    pub weight: Tensor,
    /// `[out]`
    pub bias: Option<Tensor>,
    /// Down and across.
    pub stride: [usize; 2],
    /// Zeros at the top, left, bottom and right.
    pub pad: [usize; 4],
    /// Down and across.
    pub dilation: [usize; 2],
    /// Channels are in so many groups that do not see each other.
    pub groups: usize,
    /// What follows.
    pub epilogue: Epilogue,
}

/// A transposed convolution, as PyTorch defines it.
#[derive(Clone, Debug)]
pub struct ConvTranspose2d {
    /// `[in, out, kh, kw]`
    pub weight: Tensor,
    /// `[out]`
    pub bias: Option<Tensor>,
    /// Down and across.
    pub stride: [usize; 2],
    /// Cut from all four sides.
    pub pad: [usize; 2],
}

/// A matrix of weights.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[out, in]`
    pub weight: Tensor,
    /// `[out]`
    pub bias: Option<Tensor>,
    /// What follows.
    pub epilogue: Epilogue,
}

/// The parameters of a normalisation.
#[derive(Clone, Debug)]
pub struct Norm {
    /// `[c]`
    pub weight: Option<Tensor>,
    /// `[c]`
    pub bias: Option<Tensor>,
    /// Added to the variance.
    pub eps: f32,
}

/// A pooling window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Largest or mean.
    pub kind: PoolKind,
    /// Down and across.
    pub kernel: [usize; 2],
    /// Down and across.
    pub stride: [usize; 2],
    /// At the top, left, bottom and right.
    pub pad: [usize; 4],
}

/// What a pooling window yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolKind {
    /// The largest; padding never is.
    Max,
    /// The mean, with padding counted as zeros.
    Mean,
    /// The mean of what is not padding.
    MeanInside,
}

/// How an image is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resize {
    /// The filter.
    pub filter: Filter,
    /// Whether corner pixels' centres stay in the corners.
    pub align_corners: bool,
    /// Whether the filter widens when the image shrinks.
    pub antialias: bool,
}

/// An interpolation filter, as PyTorch's `interpolate` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// The pixel at `floor(i * scale)`.
    Nearest,
    /// Two by two.
    Bilinear,
    /// Four by four.
    Bicubic,
}

/// What lies outside an image that is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SamplePadding {
    /// Zeros.
    Zeros,
    /// The nearest pixel.
    Border,
}

/// Multi-scale deformable attention with boxes as references (Deformable DETR, Zhu et al. 2021).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deformable {
    /// Heads, side by side in the last dimension.
    pub heads: usize,
    /// Sampling points for each head and level.
    pub points: usize,
    /// Height and width of each level.
    pub levels: Vec<[usize; 2]>,
}

/// What padding is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// One number.
    Constant(f32),
    /// The image mirrored at its edge, without the edge pixel.
    Reflect,
    /// The edge pixel.
    Edge,
}

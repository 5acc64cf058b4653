//! Kernels of our own in `CubeCL`, one source for every device, for what Burn lacks or does in many passes.

#![allow(
    clippy::used_underscore_binding,
    reason = "the type of numbers is named for `CubeCL` alone"
)]

mod choose;
mod conv;
mod deformable;
mod function;
mod launch;
mod normalise;
mod pointwise;

use burn_backend::Backend;
use burn_backend::tensor::FloatTensor;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime};

use crate::op::{Activation, Deformable, Residual};
pub(super) use conv::Window;

/// What is done to each element, in this order: scaled and shifted by channel, added to, activated.
pub(super) struct Pointwise<T> {
    /// `[c]`
    pub(super) scale: Option<T>,
    /// `[c]`
    pub(super) shift: Option<T>,
    /// As many elements as the operand, in the same order.
    pub(super) residual: Option<(Residual, T)>,
    pub(super) activation: Activation,
}

/// What is done to each row of numbers.
pub(super) struct Normalise<T> {
    /// Added before.
    pub(super) residual: Option<T>,
    /// Whether the mean is taken away first.
    pub(super) centred: bool,
    pub(super) eps: f32,
    /// `[c]`
    pub(super) weight: Option<T>,
    /// `[c]`
    pub(super) bias: Option<T>,
}

/// A convolution without groups, or a linear layer.
pub(super) struct Conv<T> {
    /// `[kh * kw * in, out']`: `out` channels, and zeros up to a multiple of [`COLUMNS`].
    pub(super) weight: T,
    /// `[out]`
    pub(super) bias: Option<T>,
    pub(super) window: Window,
    /// Of the result: down, across, channels.
    pub(super) extents: [usize; 3],
    /// Of the result's extents.
    pub(super) residual: Option<(Residual, T)>,
    pub(super) activation: Activation,
}

/// Channels of a result that one unit computes.
pub(super) const COLUMNS: usize = 4;

/// A backend on which the kernels run.
pub(super) trait Kernels: Backend {
    /// The same numbers, row-major in memory.
    fn row_major(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `[n, h, w, in]` to `[n, h', w', out]`.
    fn conv(x: FloatTensor<Self>, of: Conv<FloatTensor<Self>>) -> FloatTensor<Self>;

    /// `[.., c]`, element by element.
    fn pointwise(x: FloatTensor<Self>, of: Pointwise<FloatTensor<Self>>) -> FloatTensor<Self>;

    /// `[.., c]`, divided by the root of the mean square of its rows.
    fn normalise(x: FloatTensor<Self>, of: Normalise<FloatTensor<Self>>) -> FloatTensor<Self>;

    /// `[.., t]` to the `k` largest of each row and their indices as `f32`; of equal numbers the first, and `NaN` before all.
    fn largest(x: FloatTensor<Self>, k: usize) -> [FloatTensor<Self>; 2];

    /// See [`crate::op::Op::DeformableAttention`]; `x` holds values, boxes, offsets and weights.
    fn deformable_attention(spec: &Deformable, x: [FloatTensor<Self>; 4]) -> FloatTensor<Self>;
}

impl<R: CubeRuntime, B: BoolElement> Kernels for CubeBackend<R, f32, i32, B> {
    fn row_major(x: FloatTensor<Self>) -> FloatTensor<Self> {
        into_contiguous(x)
    }

    fn conv(x: FloatTensor<Self>, of: Conv<FloatTensor<Self>>) -> FloatTensor<Self> {
        conv::conv(x, of)
    }

    fn pointwise(x: FloatTensor<Self>, of: Pointwise<FloatTensor<Self>>) -> FloatTensor<Self> {
        pointwise::pointwise(x, of)
    }

    fn normalise(x: FloatTensor<Self>, of: Normalise<FloatTensor<Self>>) -> FloatTensor<Self> {
        normalise::normalise(x, of)
    }

    fn largest(x: FloatTensor<Self>, k: usize) -> [FloatTensor<Self>; 2] {
        choose::largest(x, k)
    }

    fn deformable_attention(spec: &Deformable, x: [FloatTensor<Self>; 4]) -> FloatTensor<Self> {
        deformable::deformable_attention(spec, x)
    }
}

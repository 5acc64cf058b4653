//! Kernels of our own in `CubeCL`, one source for every device, for what Burn lacks or does in many passes.

#![allow(
    clippy::used_underscore_binding,
    reason = "the type of numbers is named for `CubeCL` alone"
)]

mod choose;
mod deformable;
mod launch;
mod normalise;
mod pointwise;

use burn_backend::Backend;
use burn_backend::tensor::FloatTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime};

use crate::op::{Activation, Deformable, Residual};

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

/// A backend on which the kernels run.
pub(super) trait Kernels: Backend {
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

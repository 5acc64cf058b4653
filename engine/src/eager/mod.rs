//! Graphs that are walked operation by operation on the tensors of a library.

mod constants;
mod program;

use std::sync::Arc;

use crate::op::Op;
use crate::{Result, Shape, Tensor};

pub(crate) use constants::Constants;
pub(crate) use program::EagerProgram;

/// How a weight lies on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// As the graph holds it.
    Stored,
    /// As the right-hand side of the product that a convolution or a linear layer is.
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    Factor,
}

/// Somebody else's tensors, and every operation on them.
pub(crate) trait Library: Send + Sync + 'static {
    /// A tensor. Indices are kept in whatever type the library likes.
    type Array: Clone + Send + Sync;

    /// The form in which `op` reads its weight.
    fn form(&self, op: &Op) -> Form {
        let _ = op;
        Form::Stored
    }

    /// The values of a constant in one of the forms that [`Library::form`] gives.
    fn constant(&self, constant: &Tensor, form: Form) -> Result<Arc<Self::Array>> {
        debug_assert_eq!(form, Form::Stored, "a library that has other forms makes them");
        Ok(Arc::new(self.upload(constant.shape(), &constant.load()?)?))
    }

    /// An array of these values, row-major.
    fn upload(&self, shape: Shape, values: &[f32]) -> Result<Self::Array>;

    /// The same of numbers that stand for indices and must stay what they are.
    fn upload_exact(&self, shape: Shape, values: &[f32]) -> Result<Self::Array> {
        self.upload(shape, values)
    }

    /// The values of an array of numbers, row-major.
    fn download(&self, array: &Self::Array) -> Result<Vec<f32>>;

    /// An array's extents.
    fn extents(&self, array: &Self::Array) -> Vec<usize>;

    /// The extents in which an array of `shape` is kept.
    fn kept(&self, shape: Shape) -> Vec<usize> {
        shape.to_vec()
    }

    /// The results of `op` on `operands`, which are to have the `shapes`. What nobody else reads may be written over.
    fn run(
        &self,
        op: &Op,
        operands: Vec<Self::Array>,
        shapes: &[Shape],
        constants: &Constants<Self::Array>,
    ) -> Result<Vec<Self::Array>>;

    /// What `work` gives, or the error of whatever went wrong meanwhile elsewhere.
    fn watched<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        work()
    }

    /// Waits until all that was asked for is done.
    fn wait(&self) -> Result<()> {
        Ok(())
    }
}

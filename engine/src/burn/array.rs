//! Arrays of numbers on a device: Burn's primitives as methods.

use burn_backend::tensor::FloatTensor;
use burn_backend::{Backend, DType, FloatDType, Scalar, Shape, Slice, TensorMetadata};

/// A tensor of any rank; a single number has the extents `[1]`, for Burn knows no rank 0. Indices are numbers too; they are exact up to 2^24.
pub(super) struct Array<B: Backend>(pub(super) FloatTensor<B>);

/// The extents in which an array is kept.
pub(super) fn kept(extents: &[usize]) -> Vec<usize> {
    if extents.is_empty() { vec![1] } else { extents.to_vec() }
}

impl<B: Backend> Clone for Array<B> {
    fn clone(&self) -> Self {
        Array(self.0.clone())
    }
}

impl<B: Backend> Array<B> {
    pub(super) fn extents(&self) -> Vec<usize> {
        self.0.shape().as_slice().to_vec()
    }

    /// The last extent.
    pub(super) fn last(&self) -> usize {
        self.extents().last().copied().unwrap_or(1)
    }

    pub(super) fn rank(&self) -> usize {
        self.0.rank()
    }

    /// The type of its numbers.
    pub(super) fn numbers(&self) -> FloatDType {
        self.0.dtype().into()
    }

    /// The same numbers in another type.
    pub(super) fn to(self, numbers: FloatDType) -> Self {
        if self.0.dtype() == DType::from(numbers) {
            self
        } else {
            Array(B::float_cast(self.0, numbers))
        }
    }

    /// What `of` makes of it in `f32`, in its own type again: sums of many terms, and places in an image.
    pub(super) fn in_f32(self, of: impl FnOnce(Self) -> Self) -> Self {
        let numbers = self.numbers();
        of(self.to(FloatDType::F32)).to(numbers)
    }

    pub(super) fn device(&self) -> B::Device {
        B::float_device(&self.0)
    }

    pub(super) fn reshape(self, extents: &[usize]) -> Self {
        Array(B::float_reshape(self.0, Shape::from(kept(extents))))
    }

    pub(super) fn permute(self, axes: &[usize]) -> Self {
        Array(B::float_permute(self.0, axes))
    }

    /// The last two dimensions exchanged.
    pub(super) fn transpose(self) -> Self {
        Array(B::float_transpose(self.0))
    }

    /// Dimensions of extent 1 repeated; missing ones are added in front.
    pub(super) fn expand(self, extents: &[usize]) -> Self {
        let lifted = self.lift(extents.len());
        Array(B::float_expand(lifted.0, Shape::from(kept(extents))))
    }

    /// At least `rank` dimensions, those that are added in front of extent 1.
    pub(super) fn lift(self, rank: usize) -> Self {
        let extents = self.extents();
        if extents.len() >= rank {
            return self;
        }
        let mut lifted = vec![1; rank - extents.len()];
        lifted.extend(extents);
        self.reshape(&lifted)
    }

    /// Every `step`th of `count` elements along `axis`, from `start` on.
    pub(super) fn slice(self, axis: usize, start: usize, step: usize, count: usize) -> Self {
        let mut slices: Vec<Slice> =
            self.extents().iter().map(|&n| Slice::new(0, Some(n as isize), 1)).collect();
        let end = start + (count - 1) * step + 1;
        slices[axis] = Slice::new(start as isize, Some(end as isize), step as isize);
        Array(B::float_slice(self.0, &slices))
    }

    pub(super) fn cat(parts: Vec<Self>, axis: usize) -> Self {
        Array(B::float_cat(parts.into_iter().map(|part| part.0).collect(), axis))
    }

    /// `value` everywhere, on the device of `self`.
    pub(super) fn full(&self, extents: &[usize], value: f32) -> Self {
        let value = Scalar::Float(f64::from(value));
        let numbers = self.numbers();
        Array(B::float_full(Shape::from(kept(extents)), value, &self.device(), numbers))
    }

    /// `of` both, broadcast as NumPy does.
    fn pair(
        self,
        other: Self,
        of: impl FnOnce(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
    ) -> Self {
        let rank = self.rank().max(other.rank());
        Array(of(self.lift(rank).0, other.lift(rank).0))
    }

    pub(super) fn add(self, other: Self) -> Self {
        self.pair(other, B::float_add)
    }

    pub(super) fn sub(self, other: Self) -> Self {
        self.pair(other, B::float_sub)
    }

    pub(super) fn mul(self, other: Self) -> Self {
        self.pair(other, B::float_mul)
    }

    pub(super) fn div(self, other: Self) -> Self {
        self.pair(other, B::float_div)
    }

    pub(super) fn matmul(self, other: Self) -> Self {
        Array(B::float_matmul(self.0, other.0))
    }

    pub(super) fn plus(self, number: f32) -> Self {
        Array(B::float_add_scalar(self.0, Scalar::Float(number.into())))
    }

    pub(super) fn times(self, number: f32) -> Self {
        Array(B::float_mul_scalar(self.0, Scalar::Float(number.into())))
    }

    pub(super) fn clamp(self, low: f32, high: f32) -> Self {
        let [low, high] = [low, high].map(|x| Scalar::Float(x.into()));
        Array(B::float_clamp(self.0, low, high))
    }

    pub(super) fn at_least(self, low: f32) -> Self {
        Array(B::float_clamp_min(self.0, Scalar::Float(low.into())))
    }

    /// A function of each element.
    pub(super) fn map(self, of: impl FnOnce(FloatTensor<B>) -> FloatTensor<B>) -> Self {
        Array(of(self.0))
    }

    /// The mean over the last dimension, which becomes 1.
    pub(super) fn mean_last(self) -> Self {
        let last = self.rank() - 1;
        Array(B::float_mean_dim(self.0, last))
    }

    /// The sum over the last dimension, which becomes 1.
    pub(super) fn sum_last(self) -> Self {
        let last = self.rank() - 1;
        Array(B::float_sum_dim(self.0, last))
    }

    pub(super) fn softmax_last(self) -> Self {
        let last = self.rank() - 1;
        self.in_f32(|x| Array(B::softmax(x.0, last)))
    }
}

//! Extents of a tensor.

use std::fmt;
use std::ops::Deref;

/// The most dimensions a tensor may have.
pub const MAX_RANK: usize = 6;

/// The extents of a tensor, outermost first; rank 0 is a scalar.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    dims: [usize; MAX_RANK],
    rank: usize,
}

impl Shape {
    /// A shape of at most [`MAX_RANK`] dimensions whose element count fits memory, else nothing.
    pub fn new(dims: &[usize]) -> Option<Shape> {
        let mut all = [1; MAX_RANK];
        all.get_mut(..dims.len())?.copy_from_slice(dims);
        let bytes = dims.iter().try_fold(4usize, |product, &d| product.checked_mul(d.max(1)))?;
        isize::try_from(bytes).is_ok().then_some(Shape { dims: all, rank: dims.len() })
    }

    /// How many elements there are.
    pub fn elements(&self) -> usize {
        self.iter().product()
    }

    /// The last extent; 1 for a scalar.
    pub fn last_dim(&self) -> usize {
        self.last().copied().unwrap_or(1)
    }

    /// The product of all extents but the last.
    pub fn rows(&self) -> usize {
        self.split_last().map_or(1, |(_, outer)| outer.iter().product())
    }

    /// The same with another last extent.
    pub(crate) fn with_last(mut self, last: usize) -> Shape {
        if self.rank > 0 {
            self.dims[self.rank - 1] = last;
        }
        self
    }

    /// The same with another extent at `axis`.
    pub(crate) fn with(mut self, axis: usize, extent: usize) -> Shape {
        self.dims[axis] = extent;
        self
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.dims[..self.rank]
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        **self == *other
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        **self == other[..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let shape = Shape::new(&[2, 3, 4]).unwrap();
        assert_eq!((shape.elements(), shape.rows(), shape.last_dim()), (24, 6, 4));
        assert_eq!(Shape::new(&[]).unwrap().elements(), 1);
    }

    #[test]
    fn absurd_shapes_are_none() {
        assert!(Shape::new(&[usize::MAX, 2]).is_none());
        assert!(Shape::new(&[0, usize::MAX]).is_none());
        assert!(Shape::new(&[1; 7]).is_none());
    }
}

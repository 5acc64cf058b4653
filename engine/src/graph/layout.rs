//! The same elements in other places.

use std::ops::Range;

use super::{Graph, Value, checked, mismatch};
use crate::op::{Op, PadMode};
use crate::{Result, Shape};

impl Graph {
    /// The same elements in the same order under another shape.
    ///
    /// # Errors
    /// The number of elements differs.
    pub fn reshape(&mut self, x: Value, dims: &[usize]) -> Result<Value> {
        let shape = self.shape(x);
        match Shape::new(dims).filter(|to| to.elements() == shape.elements()) {
            Some(to) if to == shape => Ok(x),
            Some(to) => {
                let dtype = self.info(x).dtype;
                Ok(self.push_typed(Op::Reshape, &[x], to, dtype))
            }
            None => mismatch("reshape", format!("{shape} to {dims:?}")),
        }
    }

    /// Dimension `i` of the result is dimension `permutation[i]` of `x`.
    ///
    /// # Errors
    /// `permutation` is not one of `x`'s dimensions.
    pub fn transpose(&mut self, x: Value, permutation: &[usize]) -> Result<Value> {
        let shape = self.shape(x);
        let mut sorted = permutation.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..shape.len()) {
            return mismatch("transpose", format!("{permutation:?} of {shape}"));
        }
        let dims: Vec<usize> = permutation.iter().map(|&axis| shape[axis]).collect();
        let to = checked("transpose", &dims)?;
        let dtype = self.info(x).dtype;
        let op = Op::Transpose { permutation: permutation.to_vec() };
        Ok(self.push_typed(op, &[x], to, dtype))
    }

    /// Dimensions of extent 1 repeated, and new outer dimensions, to the shape `dims`.
    ///
    /// # Errors
    /// `x` does not broadcast to `dims`.
    pub fn expand(&mut self, x: Value, dims: &[usize]) -> Result<Value> {
        let shape = self.shape(x);
        let to = checked("expand", dims)?;
        if to == shape {
            return Ok(x);
        }
        match super::arithmetic::broadcast(shape, to) {
            Some(all) if all == to => {
                let dtype = self.info(x).dtype;
                Ok(self.push_typed(Op::Expand, &[x], to, dtype))
            }
            _ => mismatch("expand", format!("{shape} to {dims:?}")),
        }
    }

    /// `values` side by side along `axis`.
    ///
    /// # Errors
    /// There are none, or their other extents differ.
    pub fn concat(&mut self, values: &[Value], axis: usize) -> Result<Value> {
        let Some(&first) = values.first() else { return mismatch("concat", "nothing".into()) };
        let shape = self.shape(first);
        let shapes = || values.iter().map(|&v| self.shape(v));
        let alike = |s: Shape| s.len() == shape.len() && s.with(axis, 0) == shape.with(axis, 0);
        if axis >= shape.len() || !shapes().all(alike) {
            return mismatch("concat", format!("{:?} along {axis}", shapes().collect::<Vec<_>>()));
        }
        if values.len() == 1 {
            return Ok(first);
        }
        let to = checked("concat", &shape.with(axis, shapes().map(|s| s[axis]).sum()))?;
        let dtype = self.info(first).dtype;
        Ok(self.push_typed(Op::Concat { axis }, values, to, dtype))
    }

    /// The elements at `range` along `axis`.
    ///
    /// # Errors
    /// The range reaches outside.
    pub fn slice(&mut self, x: Value, axis: usize, range: Range<usize>) -> Result<Value> {
        self.slice_step(x, axis, range, 1)
    }

    /// Every `step`th of the elements at `range` along `axis`.
    ///
    /// # Errors
    /// The range reaches outside, or the step is zero.
    pub fn slice_step(
        &mut self,
        x: Value,
        axis: usize,
        range: Range<usize>,
        step: usize,
    ) -> Result<Value> {
        let shape = self.shape(x);
        let inside = axis < shape.len() && range.start <= range.end && range.end <= shape[axis];
        if !inside || step == 0 {
            return mismatch("slice", format!("{range:?} by {step} along {axis} of {shape}"));
        }
        if range == (0..shape[axis]) && step == 1 {
            return Ok(x);
        }
        let to = shape.with(axis, range.len().div_ceil(step));
        let dtype = self.info(x).dtype;
        Ok(self.push_typed(Op::Slice { axis, start: range.start, step }, &[x], to, dtype))
    }

    /// Parts of the extents `sizes` along `axis`.
    ///
    /// # Errors
    /// The sizes do not add up to the extent.
    pub fn split(&mut self, x: Value, axis: usize, sizes: &[usize]) -> Result<Vec<Value>> {
        let shape = self.shape(x);
        if shape.get(axis) != Some(&sizes.iter().sum()) {
            return mismatch("split", format!("{shape} into {sizes:?} along {axis}"));
        }
        let mut start = 0;
        let mut parts = Vec::with_capacity(sizes.len());
        for size in sizes {
            parts.push(self.slice(x, axis, start..start + size)?);
            start += size;
        }
        Ok(parts)
    }

    /// More elements around: `pads` says how many before and after in each dimension.
    ///
    /// # Errors
    /// `pads` is not of `x`'s rank, or a mirror would reach beyond the image.
    pub fn pad(&mut self, x: Value, pads: &[[usize; 2]], mode: PadMode) -> Result<Value> {
        let shape = self.shape(x);
        let reflects = |(&[before, after], &extent): (&[usize; 2], &usize)| match mode {
            PadMode::Constant(_) => true,
            PadMode::Reflect => before.max(after) < extent,
            PadMode::Edge => extent > 0,
        };
        if pads.len() != shape.len() || !pads.iter().zip(&*shape).all(reflects) {
            return mismatch("pad", format!("{shape} by {pads:?}"));
        }
        let dims: Vec<_> = shape.iter().zip(pads).map(|(e, [b, a])| e + b + a).collect();
        let to = checked("pad", &dims)?;
        Ok(self.push(Op::Pad { pads: pads.to_vec(), mode }, &[x], to))
    }
}

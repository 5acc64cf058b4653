//! Functions of single elements and of pairs, and reductions.

use super::{Graph, Value, mismatch};
use crate::op::{Activation, Binary, Op, Reduce, Unary};
use crate::shape::MAX_RANK;
use crate::{Result, Shape};

impl Graph {
    /// `activation` of each element.
    pub fn activation(&mut self, x: Value, activation: Activation) -> Value {
        if activation == Activation::Identity {
            return x;
        }
        let shape = self.shape(x);
        self.push(Op::Activation(activation), &[x], shape)
    }

    /// `max(x, 0)`
    pub fn relu(&mut self, x: Value) -> Value {
        self.activation(x, Activation::Relu)
    }

    /// `unary` of each element.
    pub fn unary(&mut self, x: Value, unary: Unary) -> Value {
        let shape = self.shape(x);
        self.push(Op::Unary(unary), &[x], shape)
    }

    /// `e^x`
    pub fn exp(&mut self, x: Value) -> Value {
        self.unary(x, Unary::Exp)
    }

    /// `binary` of each pair of elements; extents of 1 are repeated, missing outer dimensions count as 1.
    ///
    /// # Errors
    /// The shapes do not broadcast.
    pub fn binary(&mut self, a: Value, b: Value, binary: Binary) -> Result<Value> {
        let (sa, sb) = (self.shape(a), self.shape(b));
        match broadcast(sa, sb) {
            Some(shape) => Ok(self.push(Op::Binary(binary), &[a, b], shape)),
            None => mismatch("binary", format!("{sa} and {sb} do not broadcast")),
        }
    }

    /// `a + b`, broadcast.
    ///
    /// # Errors
    /// The shapes do not broadcast.
    pub fn add(&mut self, a: Value, b: Value) -> Result<Value> {
        self.binary(a, b, Binary::Add)
    }

    /// `a - b`, broadcast.
    ///
    /// # Errors
    /// The shapes do not broadcast.
    pub fn sub(&mut self, a: Value, b: Value) -> Result<Value> {
        self.binary(a, b, Binary::Sub)
    }

    /// `a * b`, broadcast.
    ///
    /// # Errors
    /// The shapes do not broadcast.
    pub fn mul(&mut self, a: Value, b: Value) -> Result<Value> {
        self.binary(a, b, Binary::Mul)
    }

    /// `a / b`, broadcast.
    ///
    /// # Errors
    /// The shapes do not broadcast.
    pub fn div(&mut self, a: Value, b: Value) -> Result<Value> {
        self.binary(a, b, Binary::Div)
    }

    /// `x * factor`
    ///
    /// # Errors
    /// Never for a graph's own value.
    pub fn scale(&mut self, x: Value, factor: f32) -> Result<Value> {
        let factor = self.table(&[1], vec![factor])?;
        self.mul(x, factor)
    }

    /// Softmax over the last dimension.
    pub fn softmax(&mut self, x: Value) -> Value {
        let shape = self.shape(x);
        self.push(Op::Softmax, &[x], shape)
    }

    /// `kind` over the dimensions `axes`, which become 1.
    ///
    /// # Errors
    /// There are no such dimensions.
    pub fn reduce(
        &mut self,
        x: Value,
        kind: Reduce,
        axes: std::ops::Range<usize>,
    ) -> Result<Value> {
        let mut shape = self.shape(x);
        if axes.is_empty() || axes.end > shape.len() || shape[axes.clone()].contains(&0) {
            return mismatch("reduce", format!("dimensions {axes:?} of {shape}"));
        }
        for axis in axes.clone() {
            shape = shape.with(axis, 1);
        }
        let op = Op::Reduce { kind, first: axes.start, end: axes.end };
        Ok(self.push(op, &[x], shape))
    }

    /// `[n, h, w, c]` to `[n, 1, 1, c]`: the mean over all pixels.
    ///
    /// # Errors
    /// `x` is not an image.
    pub fn global_avg_pool(&mut self, x: Value) -> Result<Value> {
        let [..] = self.dims::<4>("global_avg_pool", x)?;
        self.reduce(x, Reduce::Mean, 1..3)
    }
}

/// The shape of a result of two operands, as NumPy broadcasts them.
pub(crate) fn broadcast(a: Shape, b: Shape) -> Option<Shape> {
    let rank = a.len().max(b.len());
    let mut dims = [1; MAX_RANK];
    for (i, dim) in dims[..rank].iter_mut().enumerate() {
        let of = |s: &Shape| (i + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
        *dim = match (of(&a), of(&b)) {
            (x, y) if x == y => x,
            (1, x) | (x, 1) => x,
            _ => return None,
        };
    }
    Shape::new(&dims[..rank])
}

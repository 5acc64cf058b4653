//! Choosing elements by their values.

use super::{DType, Graph, Node, Value, checked, mismatch};
use crate::Result;
use crate::op::Op;

impl Graph {
    /// The `k` largest of the last dimension, largest first, and their indices (`i32`).
    ///
    /// # Errors
    /// There are fewer than `k`.
    pub fn top_k(&mut self, x: Value, k: usize) -> Result<(Value, Value)> {
        let shape = self.shape(x);
        if shape.is_empty() || k > shape.last_dim() {
            return mismatch("top_k", format!("the largest {k} of {shape}"));
        }
        let to = shape.with_last(k);
        let (values, indices) = (self.value(to, DType::F32), self.value(to, DType::I32));
        let (inputs, outputs) = (vec![x], vec![values, indices]);
        self.nodes.push(Node { op: Op::TopK { k }, inputs, outputs, label: String::new() });
        Ok((values, indices))
    }

    /// `[.., c]` to the indices `[.., 1]` (`i32`) of the largest.
    ///
    /// # Errors
    /// There are none.
    pub fn arg_max(&mut self, x: Value) -> Result<Value> {
        let shape = self.shape(x);
        if shape.is_empty() || shape.last_dim() == 0 {
            return mismatch("arg_max", format!("of {shape}"));
        }
        Ok(self.push_typed(Op::ArgMax, &[x], shape.with_last(1), DType::I32))
    }

    /// `[n, t, c]` at the rows `[n, k]` (`i32`) to `[n, k, c]`.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn gather_rows(&mut self, x: Value, rows: Value) -> Result<Value> {
        let [n, t, c] = self.dims("gather_rows", x)?;
        let [m, k] = self.dims("gather_rows", rows)?;
        if n != m || t == 0 || self.info(rows).dtype != DType::I32 {
            return mismatch("gather_rows", format!("{} at {}", self.shape(x), self.shape(rows)));
        }
        let shape = checked("gather_rows", &[n, k, c])?;
        Ok(self.push(Op::GatherRows, &[x, rows], shape))
    }

    /// Indices as numbers.
    pub fn to_f32(&mut self, x: Value) -> Value {
        let shape = self.shape(x);
        self.push(Op::ToF32, &[x], shape)
    }

    /// Numbers, none of them negative, as indices (`i32`): rounded towards zero.
    pub fn to_i32(&mut self, x: Value) -> Value {
        let shape = self.shape(x);
        self.push_typed(Op::ToI32, &[x], shape, DType::I32)
    }
}

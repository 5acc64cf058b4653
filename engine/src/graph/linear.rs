//! Matrices: of weights, and of two values.

use super::{Graph, Value, checked, mismatch};
use crate::op::{Epilogue, Linear, Op};
use crate::{Result, Weights};

impl Graph {
    /// `[.., in]` to `[.., out]` with `weight` and `bias` at `w`.
    ///
    /// # Errors
    /// A weight is missing or has another shape.
    pub fn linear(&mut self, x: Value, w: &Weights, out: usize) -> Result<Value> {
        let bias = Some(w.get("bias", &[out])?);
        let weight = w.get("weight", &[out, self.shape(x).last_dim()])?;
        self.linear_with(x, Linear { weight, bias, epilogue: Epilogue::default() }, w.prefix())
    }

    /// `[.., in]` to `[.., out]` with `weight` at `w`, without a bias.
    ///
    /// # Errors
    /// The weight is missing or has another shape.
    pub fn linear_no_bias(&mut self, x: Value, w: &Weights, out: usize) -> Result<Value> {
        let weight = w.get("weight", &[out, self.shape(x).last_dim()])?;
        self.linear_with(
            x,
            Linear { weight, bias: None, epilogue: Epilogue::default() },
            w.prefix(),
        )
    }

    /// `[.., in]` to `[.., out]` with tensors at hand, `weight` being `[out, in]`; without an epilogue.
    ///
    /// # Errors
    /// The tensors do not fit.
    pub fn linear_with(&mut self, x: Value, linear: Linear, label: &str) -> Result<Value> {
        let shape = self.shape(x);
        let &[out, inner] = &*linear.weight.shape() else {
            return mismatch("linear", format!("the weight's shape is {}", linear.weight.shape()));
        };
        let bias_fits = linear.bias.as_ref().is_none_or(|b| b.shape() == [out]);
        if shape.is_empty() || inner != shape.last_dim() || !bias_fits {
            return mismatch("linear", format!("{shape} times [{out}, {inner}]"));
        }
        let shape = checked("linear", &shape.with_last(out))?;
        let y = self.push(Op::Linear(linear), &[x], shape);
        self.label(label);
        Ok(y)
    }

    /// `[.., m, k]` times `[.., k, n]` to `[.., m, n]`; all outer dimensions are equal.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn matmul(&mut self, a: Value, b: Value) -> Result<Value> {
        self.matmul_with(a, b, false)
    }

    /// `[.., m, k]` times the transpose of `[.., n, k]` to `[.., m, n]`; all outer dimensions are equal.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn matmul_transposed(&mut self, a: Value, b: Value) -> Result<Value> {
        self.matmul_with(a, b, true)
    }

    fn matmul_with(&mut self, a: Value, b: Value, transpose_b: bool) -> Result<Value> {
        let (sa, sb) = (self.shape(a), self.shape(b));
        let ([outer_a @ .., _, ka], [outer_b @ .., rows, columns]) = (&*sa, &*sb) else {
            return mismatch("matmul", format!("{sa} times {sb}"));
        };
        let (kb, n) = if transpose_b { (columns, rows) } else { (rows, columns) };
        if outer_a != outer_b || ka != kb {
            return mismatch("matmul", format!("{sa} times {sb} (transposed: {transpose_b})"));
        }
        let shape = checked("matmul", &sa.with_last(*n))?;
        Ok(self.push(Op::MatMul { transpose_b }, &[a, b], shape))
    }
}

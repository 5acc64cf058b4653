//! Attention, dense and deformable.

use super::{Graph, Value, mismatch};
use crate::Result;
use crate::op::{Deformable, Op};

impl Graph {
    /// Scaled dot-product attention of `[n, q, d]` over `[n, t, d]` and `[n, t, d_v]`, to `[n, q, d_v]`. Heads lie side
    /// by side in the last dimension; dot products are divided by the root of a head's width.
    ///
    /// # Errors
    /// The shapes do not fit, or heads do not divide the width.
    pub fn attention(&mut self, q: Value, k: Value, v: Value, heads: usize) -> Result<Value> {
        self.attention_of(&[q, k, v], heads)
    }

    /// Like [`Graph::attention`], with `mask` `[q, t]` added to the scores of every head before the softmax.
    ///
    /// # Errors
    /// As [`Graph::attention`].
    pub fn masked_attention(
        &mut self,
        q: Value,
        k: Value,
        v: Value,
        mask: Value,
        heads: usize,
    ) -> Result<Value> {
        let [_, queries, _] = self.dims("attention", q)?;
        let [_, tokens, _] = self.dims("attention", k)?;
        if self.shape(mask) != [queries, tokens] {
            let mask = self.shape(mask);
            return mismatch("attention", format!("the mask {mask} on [{queries}, {tokens}]"));
        }
        self.attention_of(&[q, k, v, mask], heads)
    }

    fn attention_of(&mut self, operands: &[Value], heads: usize) -> Result<Value> {
        let &[q, k, v, ..] = operands else { return mismatch("attention", "no operands".into()) };
        let [n, _, d] = self.dims("attention", q)?;
        let [nk, t, dk] = self.dims("attention", k)?;
        let [nv, tv, dv] = self.dims("attention", v)?;
        let fits = n == nk && n == nv && t == tv && d == dk;
        if !fits || heads == 0 || d % heads != 0 || dv % heads != 0 || t == 0 {
            let (q, k, v) = (self.shape(q), self.shape(k), self.shape(v));
            return mismatch("attention", format!("{heads} heads on {q}, {k} and {v}"));
        }
        let scale = ((d / heads) as f32).sqrt().recip();
        let shape = self.shape(q).with_last(dv);
        Ok(self.push(Op::Attention { heads, scale }, operands, shape))
    }

    /// Multi-scale deformable attention: see [`Op::DeformableAttention`] for the operands' shapes.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn deformable_attention(
        &mut self,
        value: Value,
        boxes: Value,
        offsets: Value,
        weights: Value,
        spec: Deformable,
    ) -> Result<Value> {
        let [n, tokens, width] = self.dims("deformable_attention", value)?;
        let [_, queries, _] = self.dims("deformable_attention", boxes)?;
        let samples = spec.heads * spec.levels.len() * spec.points;
        let fits = self.shape(boxes) == [n, queries, 4]
            && self.shape(offsets) == [n, queries, samples * 2]
            && self.shape(weights) == [n, queries, samples]
            && spec.levels.iter().map(|[h, w]| h * w).sum::<usize>() == tokens;
        if !fits || samples == 0 || width % spec.heads != 0 {
            let shapes = [value, boxes, offsets, weights].map(|v| self.shape(v));
            return mismatch("deformable_attention", format!("{spec:?} on {shapes:?}"));
        }
        let Some(shape) = crate::Shape::new(&[n, queries, width]) else {
            return mismatch("deformable_attention", format!("{queries} queries of {width}"));
        };
        let op = Op::DeformableAttention(spec);
        Ok(self.push(op, &[value, boxes, offsets, weights], shape))
    }
}

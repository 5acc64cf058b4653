//! Normalisations.

use super::{Graph, Value, mismatch};
use crate::op::{Norm, Op};
use crate::{Result, Tensor, Weights};

impl Graph {
    /// Layer norm over the last dimension with `weight` and `bias` at `w`.
    ///
    /// # Errors
    /// A weight is missing or has another shape.
    pub fn layer_norm(&mut self, x: Value, w: &Weights, eps: f32) -> Result<Value> {
        let norm = self.norm_at(x, w, eps)?;
        Ok(self.labelled(Op::LayerNorm(norm), x, w))
    }

    /// Zero mean and unit variance over the last dimension, without weights.
    pub fn layer_norm_plain(&mut self, x: Value, eps: f32) -> Value {
        let shape = self.shape(x);
        self.push(Op::LayerNorm(Norm { weight: None, bias: None, eps }), &[x], shape)
    }

    /// RMS norm over the last dimension with `weight` at `w`.
    ///
    /// # Errors
    /// The weight is missing or has another shape.
    pub fn rms_norm(&mut self, x: Value, w: &Weights, eps: f32) -> Result<Value> {
        let weight = Some(w.get("weight", &[self.shape(x).last_dim()])?);
        Ok(self.labelled(Op::RmsNorm(Norm { weight, bias: None, eps }), x, w))
    }

    /// Group norm of `[n, h, w, c]` (or `[n, t, c]`) with `weight` and `bias` at `w`.
    ///
    /// # Errors
    /// A weight is missing or has another shape, or the channels do not divide.
    pub fn group_norm(&mut self, x: Value, w: &Weights, groups: usize, eps: f32) -> Result<Value> {
        let shape = self.shape(x);
        if shape.len() < 2 || groups == 0 || !shape.last_dim().is_multiple_of(groups) {
            return mismatch("group_norm", format!("{shape} in {groups} groups"));
        }
        let norm = self.norm_at(x, w, eps)?;
        Ok(self.labelled(Op::GroupNorm { groups, norm }, x, w))
    }

    /// Batch norm at inference with `weight`, `bias`, `running_mean` and `running_var` at `w`.
    ///
    /// # Errors
    /// A weight is missing or has another shape.
    pub fn batch_norm(&mut self, x: Value, w: &Weights, eps: f32) -> Result<Value> {
        let shape = [self.shape(x).last_dim()];
        let (weight, bias) = (w.get("weight", &shape)?, w.get("bias", &shape)?);
        let (mean, var) = (w.get("running_mean", &shape)?, w.get("running_var", &shape)?);
        let rule = ("batch norm scale", eps.to_bits());
        let scale = Tensor::derive(weight.shape(), &rule, &[&weight, &var], move |of| {
            of[0]
                .iter()
                .zip(of[1].iter())
                .map(|(weight, var)| weight / (var + eps).sqrt())
                .collect()
        });
        let shift =
            Tensor::derive(bias.shape(), &"batch norm shift", &[&bias, &mean, &scale], |of| {
                let rows = of[0].iter().zip(of[1].iter()).zip(of[2].iter());
                rows.map(|((bias, mean), scale)| bias - mean * scale).collect()
            });
        Ok(self.labelled(Op::ScaleShift { scale, shift: Some(shift) }, x, w))
    }

    /// `x * scale` by channel, `scale` being the tensor `name` at `w`.
    ///
    /// # Errors
    /// The weight is missing or has another shape.
    pub fn layer_scale(&mut self, x: Value, w: &Weights, name: &str) -> Result<Value> {
        let scale = w.get(name, &[self.shape(x).last_dim()])?;
        Ok(self.labelled(Op::ScaleShift { scale, shift: None }, x, w))
    }

    /// Unit length over the last dimension, lengths below `eps` taken as `eps`.
    pub fn l2_normalize(&mut self, x: Value, eps: f32) -> Value {
        let shape = self.shape(x);
        self.push(Op::L2Normalize { eps }, &[x], shape)
    }

    fn norm_at(&self, x: Value, w: &Weights, eps: f32) -> Result<Norm> {
        let shape = [self.shape(x).last_dim()];
        Ok(Norm { weight: Some(w.get("weight", &shape)?), bias: Some(w.get("bias", &shape)?), eps })
    }

    fn labelled(&mut self, op: Op, x: Value, w: &Weights) -> Value {
        let shape = self.shape(x);
        let y = self.push(op, &[x], shape);
        self.label(w.prefix());
        y
    }
}

//! The constants of a graph as candle's tensors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use candle_core::{Device, Tensor, bail};

use super::failed;
use crate::op::{Norm, Op};
use crate::{Graph, Key, Result};

/// All constants of a graph.
pub(super) struct Weights(HashMap<Key, Tensor>);

impl Weights {
    /// Reads what the operations of `graph` hold.
    pub(super) fn of(graph: &Graph) -> Result<Weights> {
        let mut all = HashMap::new();
        for constant in graph.nodes.iter().flat_map(|node| constants(&node.op)) {
            if let Entry::Vacant(place) = all.entry(constant.key()) {
                let (values, dims) = (constant.load()?, constant.shape());
                let tensor = Tensor::from_slice(&values, &*dims, &Device::Cpu).map_err(failed)?;
                place.insert(tensor);
            }
        }
        Ok(Weights(all))
    }

    /// The values of `constant`.
    pub(super) fn get(&self, constant: &crate::Tensor) -> candle_core::Result<Tensor> {
        match self.0.get(&constant.key()) {
            Some(tensor) => Ok(tensor.clone()),
            None => bail!("the constant {constant:?} was not read"),
        }
    }

    /// The values of `constant` where there is one.
    pub(super) fn get_optional(
        &self,
        constant: Option<&crate::Tensor>,
    ) -> candle_core::Result<Option<Tensor>> {
        constant.map(|constant| self.get(constant)).transpose()
    }

    /// Bytes of all constants.
    pub(super) fn bytes(&self) -> usize {
        self.0.values().map(|t| t.elem_count() * size_of::<f32>()).sum()
    }
}

/// The constants that `op` holds.
fn constants(op: &Op) -> Vec<&crate::Tensor> {
    match op {
        Op::Constant(tensor) => vec![tensor],
        Op::Conv2d(conv) => list(Some(&conv.weight), conv.bias.as_ref()),
        Op::ConvTranspose2d(conv) => list(Some(&conv.weight), conv.bias.as_ref()),
        Op::Linear(linear) => list(Some(&linear.weight), linear.bias.as_ref()),
        Op::LayerNorm(norm) | Op::RmsNorm(norm) | Op::GroupNorm { norm, .. } => {
            let Norm { weight, bias, .. } = norm;
            list(weight.as_ref(), bias.as_ref())
        }
        Op::ScaleShift { scale, shift } => list(Some(scale), shift.as_ref()),
        _ => Vec::new(),
    }
}

fn list<'a>(
    first: Option<&'a crate::Tensor>,
    second: Option<&'a crate::Tensor>,
) -> Vec<&'a crate::Tensor> {
    first.into_iter().chain(second).collect()
}

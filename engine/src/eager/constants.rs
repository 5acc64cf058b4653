//! The constants of a graph as a library's tensors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

use super::Library;
use crate::op::{Norm, Op};
use crate::{Error, Graph, Key, Result, Tensor};

/// All constants of a graph.
pub(crate) struct Constants<A> {
    arrays: HashMap<Key, Arc<A>>,
    /// Those that some operation wants in another form.
    prepared: Mutex<HashMap<Key, A>>,
    bytes: usize,
}

impl<A: Clone> Constants<A> {
    /// Reads what the operations of `graph` hold.
    pub(super) fn of<L: Library<Array = A>>(graph: &Graph, library: &L) -> Result<Constants<A>> {
        let mut all = Constants { arrays: HashMap::new(), prepared: Mutex::default(), bytes: 0 };
        for constant in graph.nodes.iter().flat_map(|node| held(&node.op)) {
            if let Entry::Vacant(place) = all.arrays.entry(constant.key()) {
                place.insert(library.constant(constant)?);
                all.bytes += constant.shape().elements() * size_of::<f32>();
            }
        }
        Ok(all)
    }

    /// The values of `constant`.
    pub(crate) fn get(&self, constant: &Tensor) -> Result<A> {
        let found = self.arrays.get(&constant.key());
        found
            .map(|array| A::clone(array))
            .ok_or_else(|| Error::Weight(format!("{constant:?} was not read").into()))
    }

    /// The values of `constant` as `prepare` makes them, which is done once. One form is kept for each.
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    pub(crate) fn prepared(&self, constant: &Tensor, prepare: impl FnOnce(A) -> A) -> Result<A> {
        let mut all = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(array) = all.get(&constant.key()) {
            return Ok(array.clone());
        }
        let array = prepare(self.get(constant)?);
        all.insert(constant.key(), array.clone());
        Ok(array)
    }

    /// The values of `constant` where there is one.
    pub(crate) fn get_optional(&self, constant: Option<&Tensor>) -> Result<Option<A>> {
        constant.map(|constant| self.get(constant)).transpose()
    }

    /// Bytes of all constants, as `f32`.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The constants that `op` holds.
fn held(op: &Op) -> impl Iterator<Item = &Tensor> {
    let (first, second) = match op {
        Op::Constant(tensor) => (Some(tensor), None),
        Op::Conv2d(conv) => (Some(&conv.weight), conv.bias.as_ref()),
        Op::ConvTranspose2d(conv) => (Some(&conv.weight), conv.bias.as_ref()),
        Op::Linear(linear) => (Some(&linear.weight), linear.bias.as_ref()),
        Op::LayerNorm(norm) | Op::RmsNorm(norm) | Op::GroupNorm { norm, .. } => {
            let Norm { weight, bias, .. } = norm;
            (weight.as_ref(), bias.as_ref())
        }
        Op::ScaleShift { scale, shift } => (Some(scale), shift.as_ref()),
        _ => (None, None),
    };
    first.into_iter().chain(second)
}

//! The constants of a graph as a library's tensors.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::{Form, Library};
use crate::op::{Norm, Op};
use crate::{Error, Graph, Key, Result, Tensor};

/// All constants of a graph, in the forms in which its operations read them.
pub(crate) struct Constants<A> {
    arrays: HashMap<(Key, Form), Arc<A>>,
    bytes: usize,
}

impl<A: Clone> Constants<A> {
    /// Reads what the operations of `graph` hold.
    pub(super) fn of<L: Library<Array = A>>(graph: &Graph, library: &L) -> Result<Constants<A>> {
        let mut all = Constants { arrays: HashMap::new(), bytes: 0 };
        for op in graph.nodes.iter().map(|node| &node.op) {
            let (weight, other) = held(op);
            let weight = weight.map(|weight| (weight, library.form(op)));
            for (constant, form) in weight.into_iter().chain(other.map(|o| (o, Form::Stored))) {
                if let Entry::Vacant(place) = all.arrays.entry((constant.key(), form)) {
                    place.insert(library.constant(constant, form)?);
                    all.bytes += constant.shape().elements() * size_of::<f32>();
                }
            }
        }
        Ok(all)
    }

    /// The values of `constant` as the graph holds them.
    pub(crate) fn get(&self, constant: &Tensor) -> Result<A> {
        self.get_in(Form::Stored, constant)
    }

    /// The values of `constant` in a form.
    pub(crate) fn get_in(&self, form: Form, constant: &Tensor) -> Result<A> {
        let found = self.arrays.get(&(constant.key(), form));
        found
            .map(|array| A::clone(array))
            .ok_or_else(|| Error::Weight(format!("{constant:?} was not read").into()))
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

/// The weight of `op`, and the other constant that it holds.
fn held(op: &Op) -> (Option<&Tensor>, Option<&Tensor>) {
    match op {
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
    }
}

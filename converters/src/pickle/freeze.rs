//! From the arena to an immutable tree: sharing is kept, cycles are cut, depth is bounded.

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Arena, Data, DictNode, Id, Node, ObjectNode, TensorNode};
use super::{Pickle, StorageDecl};
use crate::error::Fault;
use crate::storage::Storage;
use crate::tensor::{Layout, Tensor};
use crate::value::{BigInt, Dict, Object, Value};

/// Deepest tree kept: Python's own pickler stops at a thousand levels.
const MAX_HEIGHT: u32 = 1000;

enum Progress {
    Untouched,
    Open,
    Done { value: Value, height: u32 },
}

impl Pickle {
    /// The pickled value. `storages` are the declared ones, found, in the same order.
    pub(crate) fn freeze(
        &self,
        file: &Arc<str>,
        storages: &[Arc<Storage>],
    ) -> Result<Value, Fault> {
        let mut freezer = Freezer {
            arena: &self.arena,
            storages,
            decls: &self.storages,
            file,
            progress: (0..self.arena.len()).map(|_| Progress::Untouched).collect(),
        };
        freezer.run(self.root)?;
        Ok(freezer.value(self.root))
    }
}

struct Freezer<'a> {
    arena: &'a Arena,
    storages: &'a [Arc<Storage>],
    decls: &'a [StorageDecl],
    file: &'a Arc<str>,
    progress: Vec<Progress>,
}

impl Freezer<'_> {
    /// Children before parents, without recursion. A node that is open when met again lies on the
    /// path from the root to itself: a cycle.
    fn run(&mut self, root: Id) -> Result<(), Fault> {
        let mut pending = vec![root];
        while let Some(&id) = pending.last() {
            match self.progress[id.0 as usize] {
                Progress::Untouched => {
                    self.progress[id.0 as usize] = Progress::Open;
                    let progress = &self.progress;
                    let first = pending.len();
                    self.arena.get(id).children(|child| {
                        if matches!(progress[child.0 as usize], Progress::Untouched) {
                            pending.push(child);
                        }
                    });
                    pending[first..].reverse();
                }
                Progress::Open => {
                    pending.pop();
                    self.finish(id)?;
                }
                Progress::Done { .. } => {
                    pending.pop();
                }
            }
        }
        Ok(())
    }

    fn finish(&mut self, id: Id) -> Result<(), Fault> {
        let node = self.arena.get(id);
        let mut height = 0;
        node.children(|child| {
            if let Progress::Done { height: below, .. } = self.progress[child.0 as usize] {
                height = height.max(below + 1);
            }
        });
        if height > MAX_HEIGHT {
            return Err(Fault::limit("how deep pickled values lie", u64::from(MAX_HEIGHT)));
        }
        let value = self.build(node)?;
        self.progress[id.0 as usize] = Progress::Done { value, height };
        Ok(())
    }

    fn build(&self, node: &Node) -> Result<Value, Fault> {
        Ok(match node {
            Node::None => Value::None,
            Node::Bool(value) => Value::Bool(*value),
            Node::Int(value) => Value::Int(*value),
            Node::BigInt(bytes) => Value::BigInt(BigInt(bytes.clone())),
            Node::Float(value) => Value::Float(*value),
            Node::Str(text) => Value::Str(text.clone()),
            Node::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Node::List(items) => Value::List(self.values(items).into()),
            Node::Tuple(items) => Value::Tuple(self.values(items).into()),
            Node::Set(items) => Value::Set(self.values(items).into()),
            Node::Dict(dict) => Value::Dict(Arc::new(self.dict(dict))),
            Node::Class(name) => Value::Class(name.clone()),
            Node::Object(object) => Value::Object(Arc::new(self.object(object))),
            Node::Storage(index) => Value::Tensor(self.flat(*index)?),
            Node::Tensor(tensor) => Value::Tensor(self.tensor(tensor)?),
        })
    }

    /// A finished node; an open one refers back to a place above it.
    fn value(&self, id: Id) -> Value {
        match &self.progress[id.0 as usize] {
            Progress::Done { value, .. } => value.clone(),
            Progress::Open | Progress::Untouched => Value::Cycle,
        }
    }

    fn values(&self, ids: &[Id]) -> Vec<Value> {
        ids.iter().map(|&id| self.value(id)).collect()
    }

    fn dict(&self, dict: &DictNode) -> Dict {
        let attributes = dict.attributes.map_or(Value::None, |id| self.value(id));
        Dict { entries: self.entries(&dict.pairs), attributes }
    }

    /// As in Python, a repeated key keeps its first place and takes the last value.
    fn entries(&self, pairs: &[(Id, Id)]) -> Vec<(Value, Value)> {
        let mut places = HashMap::new();
        let mut entries: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
        for &(key, value) in pairs {
            let (key, value) = (self.value(key), self.value(value));
            let simple = match &key {
                Value::Str(text) => Some(SimpleKey::Str(text.clone())),
                Value::Int(value) => Some(SimpleKey::Int(*value)),
                _ => None,
            };
            let place = simple.map(|key| *places.entry(key).or_insert(entries.len()));
            match place.and_then(|place| entries.get_mut(place)) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        entries
    }

    fn object(&self, object: &ObjectNode) -> Object {
        Object {
            class: object.class.clone(),
            args: self.values(&object.args),
            state: object.state.map_or(Value::None, |id| self.value(id)),
            items: self.values(&object.items),
            entries: Dict { entries: self.entries(&object.pairs), attributes: Value::None },
        }
    }

    fn tensor(&self, tensor: &TensorNode) -> Result<Tensor, Fault> {
        let storage = match &tensor.data {
            Data::Storage(index) => self.storages[*index].clone(),
            Data::Inline(bytes, order) => Arc::new(Storage::owned(bytes.clone(), *order)),
        };
        let Layout { dtype, offset, .. } = tensor.layout;
        let (shape, strides) = (tensor.layout.shape.clone(), tensor.layout.strides.clone());
        Tensor::new(self.file, Layout { dtype, shape, strides, offset }, storage)
    }

    /// A storage on its own, as a vector.
    fn flat(&self, index: usize) -> Result<Tensor, Fault> {
        let storage = self.storages[index].clone();
        let dtype = self.decls[index].dtype;
        let shape = vec![storage.len() / dtype.size()];
        Tensor::new(self.file, Layout { dtype, shape, strides: vec![1], offset: 0 }, storage)
    }
}

#[derive(PartialEq, Eq, Hash)]
enum SimpleKey {
    Str(Arc<str>),
    Int(i64),
}

//! The arena in which a pickle's objects are built, so that they may share and refer to each other.

use std::sync::Arc;

use crate::error::Fault;
use crate::storage::ByteOrder;
use crate::tensor::Layout;

/// Index of a node in its [`Arena`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Id(pub(super) u32);

pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    BigInt(Arc<[u8]>),
    Float(f64),
    Str(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    Dict(Box<DictNode>),
    Class(Arc<str>),
    Object(Box<ObjectNode>),
    /// Index into the declared storages.
    Storage(usize),
    Tensor(Box<TensorNode>),
}

#[derive(Default)]
pub(super) struct DictNode {
    pub(super) pairs: Vec<(Id, Id)>,
    pub(super) attributes: Option<Id>,
}

#[derive(Default)]
pub(super) struct ObjectNode {
    pub(super) class: Arc<str>,
    pub(super) args: Vec<Id>,
    pub(super) state: Option<Id>,
    pub(super) items: Vec<Id>,
    pub(super) pairs: Vec<(Id, Id)>,
}

pub(super) struct TensorNode {
    pub(super) layout: Layout,
    pub(super) data: Data,
}

/// Where a tensor's bytes are.
pub(super) enum Data {
    Storage(usize),
    Inline(Arc<[u8]>, ByteOrder),
}

/// All nodes of one pickle, and how many bytes it may still copy.
pub(super) struct Arena {
    nodes: Vec<Node>,
    copies_left: u64,
    copies: u64,
}

impl Arena {
    pub(super) const NONE: Id = Id(0);
    pub(super) const TRUE: Id = Id(1);
    pub(super) const FALSE: Id = Id(2);

    const MAX_NODES: usize = 1 << 22;

    pub(super) fn new(pickle_len: usize) -> Self {
        let copies = (pickle_len as u64).saturating_mul(4).saturating_add(1 << 23);
        let nodes = vec![Node::None, Node::Bool(true), Node::Bool(false)];
        Arena { nodes, copies_left: copies, copies }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn get(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[id.0 as usize]
    }

    pub(super) fn add(&mut self, node: Node) -> Result<Id, Fault> {
        if self.nodes.len() >= Self::MAX_NODES {
            return Err(Fault::limit("the number of pickled values", Self::MAX_NODES as u64));
        }
        self.nodes.push(node);
        Ok(Id(self.nodes.len() as u32 - 1))
    }

    /// Accounts for copying `references`, so that no short pickle copies forever.
    pub(super) fn charge(&mut self, references: usize) -> Result<(), Fault> {
        const REFERENCE_BYTES: usize = 8;
        self.charge_bytes(references.saturating_mul(REFERENCE_BYTES))
    }

    /// Accounts for copying `bytes`.
    pub(super) fn charge_bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        match self.copies_left.checked_sub(bytes as u64) {
            Some(left) => {
                self.copies_left = left;
                Ok(())
            }
            None => Err(Fault::limit("the bytes that a pickle copies", self.copies)),
        }
    }

    pub(super) fn str(&self, id: Id) -> Option<&Arc<str>> {
        match self.get(id) {
            Node::Str(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn int(&self, id: Id) -> Option<i64> {
        match self.get(id) {
            Node::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn class(&self, id: Id) -> Option<&Arc<str>> {
        match self.get(id) {
            Node::Class(name) => Some(name),
            _ => None,
        }
    }

    /// The items of a list or tuple.
    pub(super) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.get(id) {
            Node::List(items) | Node::Tuple(items) => Some(items),
            _ => None,
        }
    }
}

impl Node {
    /// Calls `visit` for each node this one refers to.
    pub(super) fn children(&self, mut visit: impl FnMut(Id)) {
        match self {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) => {
                items.iter().copied().for_each(visit);
            }
            Node::Dict(dict) => {
                for &(key, value) in &dict.pairs {
                    visit(key);
                    visit(value);
                }
                dict.attributes.into_iter().for_each(visit);
            }
            Node::Object(object) => {
                object.args.iter().chain(&object.items).copied().for_each(&mut visit);
                for &(key, value) in &object.pairs {
                    visit(key);
                    visit(value);
                }
                object.state.into_iter().for_each(visit);
            }
            _ => {}
        }
    }
}

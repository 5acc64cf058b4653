//! Python pickles as data.
//!
//! A pickle is a program for a stack machine that may import and call anything. [`Machine`] knows
//! all opcodes of protocols 0 to 5 and builds nodes in an arena; a call becomes the value it would
//! return if it is one of a few known constructors, else an opaque object that keeps its arguments.
//! [`freeze`](Pickle::freeze) turns the arena into an immutable [`Value`](crate::Value).

mod call;
mod containers;
mod freeze;
mod input;
mod literal;
mod machine;
mod node;
mod numpy;
mod scalars;
mod torch;

use std::sync::Arc;

use crate::DType;
use crate::error::Fault;

/// Longest pickle read; that of a checkpoint of 100 000 tensors is about 25 MB.
pub(crate) const MAX_LEN: u64 = 1 << 28;

/// A finished pickle whose storages are declared and not yet found.
pub(crate) struct Pickle {
    arena: node::Arena,
    root: node::Id,
    /// The first byte after it.
    pub(crate) end: usize,
    /// Storages that tensors refer to, in the order of their first use.
    pub(crate) storages: Vec<StorageDecl>,
}

/// A storage as a persistent id declares it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct StorageDecl {
    /// Its name in the file.
    pub(crate) key: Arc<str>,
    /// Its element type; bytes for an untyped storage.
    pub(crate) dtype: DType,
    /// Number of elements of the whole storage.
    pub(crate) elements: usize,
    /// The part of it that is meant, in elements: first and count.
    pub(crate) view: Option<(usize, usize)>,
}

/// Reads one pickle that starts at `start`; `place` names it in errors.
pub(crate) fn parse(bytes: &[u8], start: usize, place: &str) -> Result<Pickle, Fault> {
    machine::Machine::new(bytes, start, place).run()
}

impl Pickle {
    /// The root, if it is an integer past 64 bits: little-endian two's complement.
    pub(crate) fn root_big_int(&self) -> Option<&[u8]> {
        match self.arena.get(self.root) {
            node::Node::BigInt(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The root, if it is a list or tuple of texts or integers.
    pub(crate) fn root_keys(&self) -> Option<Vec<Arc<str>>> {
        let items = self.arena.items(self.root)?;
        items.iter().map(|&id| torch::storage_key(&self.arena, id)).collect()
    }
}

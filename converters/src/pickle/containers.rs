//! Opcodes that fill tuples, lists, sets and dicts, and the memo that shares them.

use super::machine::Machine;
use super::node::{Id, Node};
use crate::error::Fault;

impl Machine<'_> {
    pub(super) fn tuple(&mut self, len: usize) -> Result<(), Fault> {
        let mut items = Vec::with_capacity(len);
        for _ in 0..len {
            items.push(self.pop()?);
        }
        items.reverse();
        self.push(Node::Tuple(items))
    }

    pub(super) fn marked_dict(&mut self) -> Result<(), Fault> {
        let items = self.pop_mark()?;
        self.push(Node::Dict(Box::default()))?;
        self.set_items(&items)
    }

    pub(super) fn append(&mut self, mut items: Vec<Id>) -> Result<(), Fault> {
        let target = self.top()?;
        match self.arena.get_mut(target) {
            Node::List(list) | Node::Set(list) => list.append(&mut items),
            Node::Object(object) => object.items.append(&mut items),
            _ => return Err(self.input.corrupt("items are added to something that is no list")),
        }
        Ok(())
    }

    pub(super) fn set_item(&mut self) -> Result<(), Fault> {
        let value = self.pop()?;
        let key = self.pop()?;
        self.set_items(&[key, value])
    }

    pub(super) fn set_items(&mut self, items: &[Id]) -> Result<(), Fault> {
        let target = self.top()?;
        let (pairs, []) = items.as_chunks::<2>() else {
            return Err(self.input.corrupt("a dict gets a key without a value"));
        };
        let pairs = pairs.iter().map(|&[key, value]| (key, value));
        match self.arena.get_mut(target) {
            Node::Dict(dict) => dict.pairs.extend(pairs),
            Node::Object(object) => object.pairs.extend(pairs),
            _ => return Err(self.input.corrupt("entries are added to something that is no dict")),
        }
        Ok(())
    }

    pub(super) fn memoize(&mut self, opcode: u8) -> Result<(), Fault> {
        let slot = match opcode {
            0x94 => self.memo.len() as u64,
            b'q' => u64::from(self.input.u8()?),
            b'r' => u64::from(self.input.u32()?),
            _ => self.memo_line()?,
        };
        let id = self.top()?;
        self.memo.insert(slot, id);
        Ok(())
    }

    pub(super) fn recall(&mut self, opcode: u8) -> Result<(), Fault> {
        let slot = match opcode {
            b'h' => u64::from(self.input.u8()?),
            b'j' => u64::from(self.input.u32()?),
            _ => self.memo_line()?,
        };
        match self.memo.get(&slot) {
            Some(&id) => self.push_id(id),
            None => Err(self.input.corrupt(format!("memo slot {slot} is empty"))),
        }
    }

    fn memo_line(&mut self) -> Result<u64, Fault> {
        let line = self.input.text_line()?;
        line.parse().map_err(|_| self.input.corrupt("a memo slot is expected"))
    }
}

//! The stack machine: opcodes in, arena out.

use std::collections::HashMap;
use std::sync::Arc;

use super::input::Input;
use super::node::{Arena, DictNode, Id, Node, ObjectNode};
use super::{Pickle, StorageDecl, call, numpy, torch};
use crate::error::Fault;

pub(super) struct Machine<'a> {
    pub(super) arena: Arena,
    pub(super) input: Input<'a>,
    pub(super) storages: Vec<StorageDecl>,
    pub(super) storage_index: HashMap<StorageDecl, usize>,
    stack: Vec<Id>,
    /// Heights of the stack at each open mark.
    marks: Vec<usize>,
    pub(super) memo: HashMap<u64, Id>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8], start: usize, place: &'a str) -> Self {
        Machine {
            arena: Arena::new(bytes.len().saturating_sub(start)),
            input: Input::new(bytes, start.min(bytes.len()), place),
            storages: Vec::new(),
            storage_index: HashMap::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Pickle, Fault> {
        const STOP: u8 = b'.';
        const MAX_STEPS: u32 = 1 << 24;
        let mut steps = 0;
        loop {
            match self.input.u8()? {
                STOP => break,
                _ if steps == MAX_STEPS => {
                    return Err(Fault::limit("the length of a pickle in steps", MAX_STEPS.into()));
                }
                opcode => self.step(opcode)?,
            }
            steps += 1;
        }
        let root = self.pop()?;
        let end = self.input.at;
        Ok(Pickle { arena: self.arena, root, end, storages: self.storages })
    }

    /// Runs one opcode; their meanings are those of Python's `pickletools`.
    fn step(&mut self, opcode: u8) -> Result<(), Fault> {
        match opcode {
            0x80 => self.protocol(),
            0x95 => self.input.u64().map(drop),
            b'(' => self.mark(),
            b'0' => self.discard(),
            b'1' => self.pop_mark().map(drop),
            b'2' => self.top().map(|id| self.stack.push(id)),

            b'N' => self.push_id(Arena::NONE),
            0x88 => self.push_id(Arena::TRUE),
            0x89 => self.push_id(Arena::FALSE),
            b'I' | b'L' | b'J' | b'K' | b'M' | 0x8a | 0x8b => self.integer(opcode),
            b'F' => self.decimal_float(),
            b'G' => self.input.array().and_then(|b| self.push(Node::Float(f64::from_be_bytes(b)))),
            b'S' | b'T' | b'U' => self.python2_string(opcode),
            b'V' | b'X' | 0x8c | 0x8d => self.text(opcode),
            b'B' | b'C' | 0x8e | 0x96 => self.bytes(opcode),
            0x97 => Err(Fault::unsupported("a pickle with out-of-band buffers", RESAVE)),
            0x98 => Ok(()),

            b']' => self.push(Node::List(Vec::new())),
            b')' => self.push(Node::Tuple(Vec::new())),
            b'}' => self.push(Node::Dict(Box::default())),
            0x8f => self.push(Node::Set(Vec::new())),
            b'l' => self.pop_mark().and_then(|items| self.push(Node::List(items))),
            b't' => self.pop_mark().and_then(|items| self.push(Node::Tuple(items))),
            b'd' => self.marked_dict(),
            0x91 => self.pop_mark().and_then(|items| self.push(Node::Set(items))),
            0x85 => self.tuple(1),
            0x86 => self.tuple(2),
            0x87 => self.tuple(3),
            b'a' => self.pop().and_then(|item| self.append(vec![item])),
            b'e' | 0x90 => self.pop_mark().and_then(|items| self.append(items)),
            b's' => self.set_item(),
            b'u' => self.pop_mark().and_then(|items| self.set_items(&items)),

            b'p' | b'q' | b'r' | 0x94 => self.memoize(opcode),
            b'g' | b'h' | b'j' => self.recall(opcode),

            b'c' | 0x93 => self.global(opcode),
            b'P' | b'Q' => self.persistent(opcode),
            b'R' => self.reduce(),
            0x81 => self.new_object(false),
            0x92 => self.new_object(true),
            b'i' | b'o' => self.instance(opcode),
            b'b' => self.build(),
            0x82..=0x84 => Err(Fault::unsupported("a pickle with extension codes", RESAVE)),
            _ => Err(self.input.corrupt(format!("{opcode:#04x} is no pickle opcode"))),
        }
    }

    fn protocol(&mut self) -> Result<(), Fault> {
        match self.input.u8()? {
            0..=5 => Ok(()),
            version => Err(Fault::unsupported(format!("pickle protocol {version}"), RESAVE)),
        }
    }

    pub(super) fn push(&mut self, node: Node) -> Result<(), Fault> {
        let id = self.arena.add(node)?;
        self.push_id(id)
    }

    #[allow(clippy::unnecessary_wraps, reason = "so that every opcode ends alike")]
    pub(super) fn push_id(&mut self, id: Id) -> Result<(), Fault> {
        self.stack.push(id);
        Ok(())
    }

    pub(super) fn pop(&mut self) -> Result<Id, Fault> {
        let id = self.top()?;
        self.stack.pop();
        Ok(id)
    }

    pub(super) fn top(&self) -> Result<Id, Fault> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.marks.last().copied().unwrap_or(0) => Ok(id),
            _ => Err(self.input.corrupt("the stack is empty")),
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "so that every opcode ends alike")]
    fn mark(&mut self) -> Result<(), Fault> {
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// `POP` takes a mark away when nothing lies above it.
    fn discard(&mut self) -> Result<(), Fault> {
        match self.marks.last() {
            Some(&height) if height == self.stack.len() => {
                self.marks.pop();
                Ok(())
            }
            _ => self.pop().map(drop),
        }
    }

    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>, Fault> {
        match self.marks.pop() {
            Some(height) => Ok(self.stack.split_off(height)),
            None => Err(self.input.corrupt("no mark is open")),
        }
    }

    fn global(&mut self, opcode: u8) -> Result<(), Fault> {
        if opcode == b'c' {
            let name = self.global_lines()?;
            return self.push(Node::Class(name));
        }
        let (name, module) = (self.pop()?, self.pop()?);
        let (Some(name), Some(module)) = (self.arena.str(name), self.arena.str(module)) else {
            return Err(self.input.corrupt("a class name is expected"));
        };
        let len = module.len() + name.len();
        let joined = Arc::from(format!("{module}.{name}"));
        self.arena.charge_bytes(len)?;
        self.push(Node::Class(joined))
    }

    fn global_lines(&mut self) -> Result<Arc<str>, Fault> {
        let module = self.input.text_line()?;
        let name = self.input.text_line()?;
        Ok(Arc::from(format!("{module}.{name}")))
    }

    fn persistent(&mut self, opcode: u8) -> Result<(), Fault> {
        if opcode == b'P' {
            return Err(Fault::unsupported("a pickle with textual persistent ids", RESAVE));
        }
        let id = self.pop()?;
        let id = torch::persistent(self, id)?;
        self.push_id(id)
    }

    fn reduce(&mut self) -> Result<(), Fault> {
        let (args, callable) = (self.pop()?, self.pop()?);
        let Node::Tuple(args) = self.arena.get(args) else {
            return Err(self.input.corrupt("a call has no tuple of arguments"));
        };
        let args = args.clone();
        self.arena.charge(args.len())?;
        let result = call::call(self, callable, args)?;
        self.push_id(result)
    }

    fn new_object(&mut self, keywords: bool) -> Result<(), Fault> {
        let keywords = if keywords { Some(self.pop()?) } else { None };
        let (args, class) = (self.pop()?, self.pop()?);
        let Node::Tuple(args) = self.arena.get(args) else {
            return Err(self.input.corrupt("a new object has no tuple of arguments"));
        };
        let mut args = args.clone();
        self.arena.charge(args.len())?;
        args.extend(keywords);
        let object = call::new_object(self, class, args)?;
        self.push_id(object)
    }

    fn instance(&mut self, opcode: u8) -> Result<(), Fault> {
        let class = match opcode {
            b'i' => Some(self.global_lines()?),
            _ => None,
        };
        let mut args = self.pop_mark()?;
        let class = match class {
            Some(name) => self.arena.add(Node::Class(name))?,
            None if args.is_empty() => return Err(self.input.corrupt("an object has no class")),
            None => args.remove(0),
        };
        let object = call::new_object(self, class, args)?;
        self.push_id(object)
    }

    /// Gives the object on top of the stack its state.
    fn build(&mut self) -> Result<(), Fault> {
        let (state, target) = (self.pop()?, self.top()?);
        if let Some(array) = numpy::built_array(&mut self.arena, target, state)? {
            *self.arena.get_mut(target) = array;
            return Ok(());
        }
        match self.arena.get_mut(target) {
            Node::Object(object) if object.state.is_none() => object.state = Some(state),
            Node::Object(_) => return Err(self.input.corrupt("an object gets a second state")),
            Node::Dict(dict) => dict.attributes = Some(state),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn dict(&mut self, pairs: Vec<(Id, Id)>) -> Result<Id, Fault> {
        self.arena.add(Node::Dict(Box::new(DictNode { pairs, attributes: None })))
    }

    pub(super) fn object(&mut self, class: Arc<str>, args: Vec<Id>) -> Result<Id, Fault> {
        self.arena.add(Node::Object(Box::new(ObjectNode { class, args, ..ObjectNode::default() })))
    }
}

const RESAVE: &str = "save it again with `torch.save(torch.load(file), file)`";

//! What a call in a pickle becomes: the value of a few known constructors, else an opaque object.

use std::sync::Arc;

use super::machine::Machine;
use super::node::{Id, Node};
use super::{numpy, torch};
use crate::error::Fault;

/// The class name under which an object is kept that some unknown callable would have made.
const UNNAMED_CALL: &str = "<call>";

/// The value of `callable(*args)`.
pub(super) fn call(machine: &mut Machine, callable: Id, args: Vec<Id>) -> Result<Id, Fault> {
    let Some(class) = machine.arena.class(callable).cloned() else {
        let args = std::iter::once(callable).chain(args).collect();
        return machine.object(Arc::from(UNNAMED_CALL), args);
    };
    match known(machine, &class, &args)? {
        Some(id) => Ok(id),
        None => machine.object(class, args),
    }
}

/// A new instance of `class` that its state, items or entries will be added to.
pub(super) fn new_object(machine: &mut Machine, class: Id, args: Vec<Id>) -> Result<Id, Fault> {
    match machine.arena.class(class).cloned() {
        Some(name) if is_dict(&name) => machine.dict(Vec::new()),
        Some(name) => machine.object(name, args),
        None => call(machine, class, args),
    }
}

fn is_dict(class: &str) -> bool {
    matches!(class, "collections.OrderedDict" | "collections.defaultdict" | "collections.Counter")
}

fn known(machine: &mut Machine, class: &str, args: &[Id]) -> Result<Option<Id>, Fault> {
    match class {
        "collections.OrderedDict" | "collections.Counter" | "builtins.dict" => {
            dict(machine, args.first())
        }
        "collections.defaultdict" => dict(machine, args.get(1)),
        "collections.deque" | "builtins.list" => sequence(machine, args, Node::List),
        "builtins.tuple" | "torch.Size" => sequence(machine, args, Node::Tuple),
        "builtins.set" | "__builtin__.set" | "builtins.frozenset" | "__builtin__.frozenset" => {
            sequence(machine, args, Node::Set)
        }
        "builtins.bytearray" | "__builtin__.bytearray" | "builtins.bytes" | "__builtin__.bytes" => {
            bytes(machine, args)
        }
        "_codecs.encode" => encode(machine, args),
        "copyreg._reconstructor" | "copy_reg._reconstructor" => reconstruct(machine, args),
        "copyreg.__newobj__" | "copy_reg.__newobj__" => match args.split_first() {
            Some((&class, args)) => new_object(machine, class, args.to_vec()).map(Some),
            None => Err(machine.input.corrupt("a new object has no class")),
        },
        _ if class.starts_with("numpy.") => numpy::call(machine, class, args),
        _ if class.starts_with("torch.") => torch::call(machine, class, args),
        _ => Ok(None),
    }
}

/// A dict of nothing, of pairs, or of another dict.
fn dict(machine: &mut Machine, source: Option<&Id>) -> Result<Option<Id>, Fault> {
    let Some(&source) = source else { return machine.dict(Vec::new()).map(Some) };
    let pairs = match machine.arena.get(source) {
        Node::Dict(dict) => dict.pairs.clone(),
        Node::List(items) | Node::Tuple(items) => {
            let pair = |&id| match machine.arena.items(id) {
                Some(&[key, value]) => Some((key, value)),
                _ => None,
            };
            match items.iter().map(pair).collect() {
                Some(pairs) => pairs,
                None => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    machine.arena.charge(pairs.len())?;
    machine.dict(pairs).map(Some)
}

fn sequence(
    machine: &mut Machine,
    args: &[Id],
    make: impl FnOnce(Vec<Id>) -> Node,
) -> Result<Option<Id>, Fault> {
    let items = match args.first().map(|&id| machine.arena.get(id)) {
        None => Vec::new(),
        Some(Node::List(items) | Node::Tuple(items) | Node::Set(items)) => items.clone(),
        Some(_) => return Ok(None),
    };
    machine.arena.charge(items.len())?;
    machine.arena.add(make(items)).map(Some)
}

fn bytes(machine: &mut Machine, args: &[Id]) -> Result<Option<Id>, Fault> {
    match args.first().map(|&id| machine.arena.get(id)) {
        None => machine.arena.add(Node::Bytes(Arc::from([]))).map(Some),
        Some(Node::Bytes(_)) => Ok(args.first().copied()),
        Some(Node::Str(_)) => encode(machine, args),
        Some(_) => Ok(None),
    }
}

/// `_codecs.encode(text, 'latin1')` is how protocols before 3 spell bytes.
fn encode(machine: &mut Machine, args: &[Id]) -> Result<Option<Id>, Fault> {
    let arena = &mut machine.arena;
    let Some(text) = args.first().and_then(|&id| arena.str(id)).cloned() else { return Ok(None) };
    match args.get(1).and_then(|&id| arena.str(id)).map(|name| &**name) {
        Some("latin1" | "latin-1" | "iso-8859-1") => {}
        _ => return Ok(None),
    }
    arena.charge_bytes(text.len())?;
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    match bytes {
        Some(bytes) => arena.add(Node::Bytes(bytes.into())).map(Some),
        None => Err(machine.input.corrupt("bytes are spelled with characters past 255")),
    }
}

/// `copyreg._reconstructor(class, base, state)`: protocols 0 and 1.
fn reconstruct(machine: &mut Machine, args: &[Id]) -> Result<Option<Id>, Fault> {
    let &[class, _base, state] = args else {
        return Err(machine.input.corrupt("an object is rebuilt from other than 3 arguments"));
    };
    let args = match machine.arena.get(state) {
        Node::None => Vec::new(),
        _ => vec![state],
    };
    new_object(machine, class, args).map(Some)
}

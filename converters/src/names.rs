//! The tensors of a value tree under the names a `state_dict` would give them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::Tensor;
use crate::error::Fault;
use crate::value::{Dict, Object, Value};

/// A dict, list or object that holds tensors: a candidate for being *the* weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Path from the root, joined by dots; empty for the root itself.
    pub path: String,
    /// Number of tensors: directly in the dict or list, anywhere below the object.
    pub count: usize,
    /// Bytes of those tensors.
    pub bytes: u64,
}

/// Tensors in order under unique names, and the groups they came in.
#[derive(Default)]
pub(crate) struct Named {
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) index: HashMap<Arc<str>, usize>,
    pub(crate) groups: Vec<Group>,
    group_index: HashMap<String, usize>,
}

impl Named {
    /// Walks a tree.
    pub(crate) fn of(root: &Value) -> Result<Self, Fault> {
        let mut walk = Walk {
            named: Named::default(),
            path: String::new(),
            group: 0,
            in_object: false,
            barren: HashSet::new(),
            name_bytes: 0,
        };
        walk.value(root)?;
        Ok(walk.named)
    }

    /// Adds a tensor. A name that is taken gets `#2`, `#3`, ... at its end.
    pub(crate) fn push(&mut self, name: &str, tensor: &Tensor, group: &str) {
        let mut tensor = tensor.named(name);
        for repeat in 2.. {
            if !self.index.contains_key(tensor.name()) {
                break;
            }
            tensor = tensor.named(&format!("{name}#{repeat}"));
        }
        self.index.insert(tensor.shared_name(), self.tensors.len());
        let place = match self.group_index.get(group) {
            Some(&place) => place,
            None => {
                self.groups.push(Group { path: group.into(), count: 0, bytes: 0 });
                self.group_index.insert(group.into(), self.groups.len() - 1);
                self.groups.len() - 1
            }
        };
        self.groups[place].count += 1;
        self.groups[place].bytes += tensor.byte_len() as u64;
        self.tensors.push(tensor);
    }
}

/// Most tensors a tree may name: shared parts count at each place they are reached from.
const MAX_TENSORS: usize = 1 << 20;
/// Most bytes all names together may take.
const MAX_NAME_BYTES: usize = 1 << 28;

struct Walk {
    named: Named,
    path: String,
    /// Length of the path of the container that tensors met now belong to.
    group: usize,
    /// Whether that container is an object, which owns all tensors below it.
    in_object: bool,
    /// Containers without any tensor, which need no second visit.
    barren: HashSet<*const ()>,
    name_bytes: usize,
}

impl Walk {
    fn value(&mut self, value: &Value) -> Result<(), Fault> {
        if let Value::Tensor(tensor) = value {
            return self.tensor(tensor);
        }
        let Some(address) = address(value).filter(|address| !self.barren.contains(address)) else {
            return Ok(());
        };
        let (outer, in_object) = (self.group, self.in_object);
        if !in_object {
            self.group = self.path.len();
            self.in_object = matches!(value, Value::Object(_));
        }
        let before = self.named.tensors.len();
        match value {
            Value::List(items) | Value::Tuple(items) => self.items(items)?,
            Value::Dict(dict) => self.dict(dict)?,
            Value::Object(object) => self.object(object)?,
            _ => {}
        }
        if self.named.tensors.len() == before {
            self.barren.insert(address);
        }
        (self.group, self.in_object) = (outer, in_object);
        Ok(())
    }

    fn tensor(&mut self, tensor: &Tensor) -> Result<(), Fault> {
        self.name_bytes += self.path.len();
        if self.named.tensors.len() >= MAX_TENSORS {
            return Err(Fault::limit("the number of named tensors", MAX_TENSORS as u64));
        }
        if self.name_bytes > MAX_NAME_BYTES {
            return Err(Fault::limit("the bytes of all tensor names", MAX_NAME_BYTES as u64));
        }
        self.named.push(&self.path, tensor, &self.path[..self.group]);
        Ok(())
    }

    fn child(&mut self, key: &str, value: &Value) -> Result<(), Fault> {
        if !matches!(value, Value::Tensor(_)) && address(value).is_none() {
            return Ok(());
        }
        let len = self.path.len();
        if len > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        let result = self.value(value);
        self.path.truncate(len);
        result
    }

    fn items(&mut self, items: &[Value]) -> Result<(), Fault> {
        for (index, item) in items.iter().enumerate() {
            if matches!(item, Value::Tensor(_)) || address(item).is_some() {
                self.child(&index.to_string(), item)?;
            }
        }
        Ok(())
    }

    fn dict(&mut self, dict: &Dict) -> Result<(), Fault> {
        dict.iter().try_for_each(|(key, value)| self.child(&key_text(key), value))
    }

    /// A module gives what its own `state_dict()` would; any other object all its attributes.
    fn object(&mut self, object: &Object) -> Result<(), Fault> {
        if let Some(module) = Module::of(object) {
            self.dict(module.parameters)?;
            for (name, buffer) in module.buffers.iter() {
                if !module.leaves_out(name) {
                    self.child(&key_text(name), buffer)?;
                }
            }
            return self.dict(module.modules);
        }
        self.items(&object.items)?;
        self.dict(&object.entries)?;
        object.attribute_dicts().try_for_each(|attributes| self.dict(attributes))
    }
}

/// The parts of a pickled `torch.nn.Module`.
struct Module<'a> {
    parameters: &'a Dict,
    buffers: &'a Dict,
    modules: &'a Dict,
    not_saved: &'a [Value],
}

impl<'a> Module<'a> {
    fn of(object: &'a Object) -> Option<Self> {
        let part = |name| object.attribute(name);
        let not_saved = part("_non_persistent_buffers_set").and_then(Value::as_slice);
        Some(Module {
            parameters: part("_parameters")?.as_dict()?,
            buffers: part("_buffers")?.as_dict()?,
            modules: part("_modules")?.as_dict()?,
            not_saved: not_saved.unwrap_or_default(),
        })
    }

    fn leaves_out(&self, buffer: &Value) -> bool {
        self.not_saved
            .iter()
            .any(|name| name.as_str().is_some() && name.as_str() == buffer.as_str())
    }
}

/// Where a container that may hold tensors lies; `None` for anything else.
fn address(value: &Value) -> Option<*const ()> {
    match value {
        Value::List(items) | Value::Tuple(items) if !items.is_empty() => {
            Some(items.as_ptr().cast())
        }
        Value::Dict(dict) if !dict.is_empty() => Some(Arc::as_ptr(dict).cast()),
        Value::Object(object) => Some(Arc::as_ptr(object).cast()),
        _ => None,
    }
}

fn key_text(key: &Value) -> Cow<'_, str> {
    match key {
        Value::Str(text) => Cow::Borrowed(text),
        Value::Int(value) => Cow::Owned(value.to_string()),
        other => Cow::Owned(format!("{other:?}")),
    }
}

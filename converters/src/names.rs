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
    /// How often a name that is taken came again.
    repeats: HashMap<String, usize>,
}

impl Named {
    /// Walks a tree that came from a pickle of `pickle_len` bytes.
    pub(crate) fn of(root: &Value, pickle_len: usize) -> Result<Self, Fault> {
        let mut walk = Walk {
            named: Named::default(),
            path: String::new(),
            group: 0,
            in_object: false,
            barren: HashSet::new(),
            max_tensors: pickle_len / 8 + 1024,
            name_bytes: 0,
            max_name_bytes: pickle_len.saturating_mul(64).saturating_add(1 << 20),
        };
        walk.value(root)?;
        Ok(walk.named)
    }

    /// Adds a tensor. A name that is taken gets `#2`, `#3`, ... at its end.
    pub(crate) fn push(&mut self, name: &str, tensor: &Tensor, group: &str) {
        let tensor = tensor.named(&self.free_name(name));
        self.index.insert(tensor.shared_name(), self.tensors.len());
        let place = self.group_place(group);
        self.groups[place].count += 1;
        self.groups[place].bytes += tensor.byte_len() as u64;
        self.tensors.push(tensor);
    }

    fn free_name<'a>(&mut self, name: &'a str) -> Cow<'a, str> {
        if !self.index.contains_key(name) {
            return Cow::Borrowed(name);
        }
        let repeats = self.repeats.entry(name.into()).or_insert(1);
        loop {
            *repeats += 1;
            let other = format!("{name}#{repeats}");
            if !self.index.contains_key(other.as_str()) {
                return Cow::Owned(other);
            }
        }
    }

    fn group_place(&mut self, path: &str) -> usize {
        if let Some(&place) = self.group_index.get(path) {
            return place;
        }
        self.group_index.insert(path.into(), self.groups.len());
        self.groups.push(Group { path: path.into(), count: 0, bytes: 0 });
        self.groups.len() - 1
    }
}

struct Walk {
    named: Named,
    path: String,
    /// Length of the path of the container that tensors met now belong to.
    group: usize,
    /// Whether that container is an object, which owns all tensors below it.
    in_object: bool,
    /// Containers without any tensor, which need no second visit.
    barren: HashSet<*const ()>,
    /// Most tensors to name: shared parts count at each place they are reached from, and a hostile
    /// tree reaches them from exponentially many.
    max_tensors: usize,
    name_bytes: usize,
    max_name_bytes: usize,
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
        if self.named.tensors.len() >= self.max_tensors {
            return Err(Fault::limit("the number of named tensors", self.max_tensors as u64));
        }
        self.charge(self.path.len())?;
        self.named.push(&self.path, tensor, &self.path[..self.group]);
        Ok(())
    }

    fn charge(&mut self, name_bytes: usize) -> Result<(), Fault> {
        self.name_bytes += name_bytes;
        if self.name_bytes > self.max_name_bytes {
            return Err(Fault::limit("the bytes of all tensor names", self.max_name_bytes as u64));
        }
        Ok(())
    }

    fn child(&mut self, key: &str, value: &Value) -> Result<(), Fault> {
        self.charge(key.len())?;
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
        let mut items = items.iter().enumerate().filter(|(_, item)| may_hold_tensors(item));
        items.try_for_each(|(index, item)| self.child(&index.to_string(), item))
    }

    fn dict(&mut self, dict: &Dict) -> Result<(), Fault> {
        let mut pairs = dict.iter().filter(|(_, value)| may_hold_tensors(value));
        pairs.try_for_each(|(key, value)| self.child(&key_text(key), value))
    }

    /// A module gives what its own `state_dict()` would; any other object all its attributes.
    fn object(&mut self, object: &Object) -> Result<(), Fault> {
        if let Some(module) = Module::of(object) {
            self.dict(module.parameters)?;
            for (name, buffer) in module.buffers.iter() {
                if may_hold_tensors(buffer) && !module.leaves_out(name) {
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

fn may_hold_tensors(value: &Value) -> bool {
    matches!(value, Value::Tensor(_)) || address(value).is_some()
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

//! What a checkpoint stores beside and around its tensors.

use std::fmt;
use std::sync::Arc;

use crate::Tensor;

/// A node of the tree a checkpoint holds. Shared parts are shared here too, and clones are cheap.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Value {
    /// `None`.
    #[default]
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of up to 64 bits.
    Int(i64),
    /// An integer past 64 bits.
    BigInt(BigInt),
    /// A float.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A list, or a deque.
    List(Arc<[Value]>),
    /// A tuple, also `torch.Size`.
    Tuple(Arc<[Value]>),
    /// A set or frozen set, in the order stored.
    Set(Arc<[Value]>),
    /// A dict and its standard relatives (`OrderedDict`, `defaultdict`, `Counter`).
    Dict(Arc<Dict>),
    /// A tensor, a parameter, a bare storage or a numeric NumPy array.
    Tensor(Tensor),
    /// A class, function or constant named but not part of the file: `torch.float32`.
    Class(Arc<str>),
    /// An instance of any other class: its name and whatever was stored for it.
    Object(Arc<Object>),
    /// A reference back to a container that this very place lies in.
    Cycle,
}

/// An integer that needs more than 64 bits: two's complement, little-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BigInt(pub Arc<[u8]>);

/// Key and value pairs in the order stored, each text or integer key once.
#[derive(Clone, Default)]
pub struct Dict {
    pub(crate) entries: Vec<(Value, Value)>,
    pub(crate) attributes: Value,
}

/// An instance of a class that this reader knows only by name. Nothing of it was executed.
#[derive(Clone, Default)]
pub struct Object {
    pub(crate) class: Arc<str>,
    pub(crate) args: Vec<Value>,
    pub(crate) state: Value,
    pub(crate) items: Vec<Value>,
    pub(crate) entries: Dict,
}

impl Dict {
    /// All pairs, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value under a text key, by linear search.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.iter().find(|(k, _)| k.as_str() == Some(key)).map(|(_, value)| value)
    }

    /// Attributes set on the dict itself (`_metadata` of a `state_dict`), or `Value::None`.
    pub fn attributes(&self) -> &Value {
        &self.attributes
    }
}

impl Object {
    /// `module.Name`, as the checkpoint spells it.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// Positional arguments it would have been made with.
    pub fn args(&self) -> &[Value] {
        &self.args
    }

    /// The stored state: usually a dict of attributes, `Value::None` without one.
    pub fn state(&self) -> &Value {
        &self.state
    }

    /// Items, for classes that are lists.
    pub fn items(&self) -> &[Value] {
        &self.items
    }

    /// Pairs, for classes that are dicts.
    pub fn entries(&self) -> &Dict {
        &self.entries
    }

    /// An attribute by name; also one kept in `__slots__`.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attribute_dicts().find_map(|dict| dict.get(name))
    }

    /// The dicts that hold attributes: the state itself, or the parts of a pair of them.
    pub(crate) fn attribute_dicts(&self) -> impl Iterator<Item = &Dict> {
        let parts = match &self.state {
            Value::Tuple(parts) if parts.len() == 2 => parts,
            state => std::slice::from_ref(state),
        };
        parts.iter().filter_map(Value::as_dict)
    }
}

impl Value {
    /// The child under a text key: a dict's value, an object's pair or attribute.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Dict(dict) => dict.get(key),
            Value::Object(object) => object.entries.get(key).or_else(|| object.attribute(key)),
            _ => None,
        }
    }

    /// Follows [`get`](Self::get) along keys: `root.at(&["args", "class_names"])`.
    pub fn at(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// Whether this is `None`.
    pub fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }

    /// The truth value, of a bool alone.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it fits; a bool is none.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, of a float or an integer.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Float(value) => Some(*value),
            Value::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list, tuple or set, or of an object that is a list.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => Some(items),
            Value::Object(object) if !object.items.is_empty() => Some(&object.items),
            _ => None,
        }
    }

    /// The pairs of a dict, or of an object that is a dict.
    pub fn as_dict(&self) -> Option<&Dict> {
        match self {
            Value::Dict(dict) => Some(dict),
            Value::Object(object) if !object.entries.is_empty() => Some(&object.entries),
            _ => None,
        }
    }

    /// The object of a class that is not built in.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The tensor.
    pub fn as_tensor(&self) -> Option<&Tensor> {
        match self {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }
}

/// Bounded in depth and width: a hostile tree of shared parts may be exponentially large.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_bounded(f, self, 4)
    }
}

const SHOWN_ITEMS: usize = 8;
const SHOWN_CHARS: usize = 200;

fn write_bounded(f: &mut fmt::Formatter<'_>, value: &Value, depth: usize) -> fmt::Result {
    match value {
        Value::None => f.write_str("None"),
        Value::Bool(value) => write!(f, "{value}"),
        Value::Int(value) => write!(f, "{value}"),
        Value::BigInt(value) => write!(f, "an integer of {} bytes", value.0.len()),
        Value::Float(value) => write!(f, "{value:?}"),
        Value::Str(value) => match value.char_indices().nth(SHOWN_CHARS) {
            Some((end, _)) => write!(f, "{:?}...", &value[..end]),
            None => write!(f, "{value:?}"),
        },
        Value::Bytes(value) => write!(f, "{} bytes", value.len()),
        Value::List(items) => write_items(f, "[", items, "]", depth),
        Value::Tuple(items) => write_items(f, "(", items, ")", depth),
        Value::Set(items) => write_items(f, "set(", items, ")", depth),
        Value::Dict(dict) => write_pairs(f, dict, depth),
        Value::Tensor(tensor) => write!(f, "{tensor:?}"),
        Value::Class(name) => write!(f, "<{name:.SHOWN_CHARS$}>"),
        Value::Object(object) => {
            write!(f, "{:.SHOWN_CHARS$}", object.class)?;
            write_items(f, "(", &object.args, ")", depth)?;
            if !object.items.is_empty() {
                write_items(f, "[", &object.items, "]", depth)?;
            }
            if !object.entries.is_empty() {
                write_pairs(f, &object.entries, depth)?;
            }
            match depth {
                0 => Ok(()),
                _ if object.state.is_none() => Ok(()),
                _ => write_bounded(f, &object.state, depth - 1),
            }
        }
        Value::Cycle => f.write_str("<cycle>"),
    }
}

fn write_items(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    items: &[Value],
    close: &str,
    depth: usize,
) -> fmt::Result {
    f.write_str(open)?;
    for (index, item) in items.iter().enumerate() {
        if depth == 0 || index == SHOWN_ITEMS {
            write!(f, "... {} items", items.len())?;
            break;
        }
        if index > 0 {
            f.write_str(", ")?;
        }
        write_bounded(f, item, depth - 1)?;
    }
    f.write_str(close)
}

fn write_pairs(f: &mut fmt::Formatter<'_>, dict: &Dict, depth: usize) -> fmt::Result {
    f.write_str("{")?;
    for (index, (key, value)) in dict.iter().enumerate() {
        if depth == 0 || index == SHOWN_ITEMS {
            write!(f, "... {} entries", dict.len())?;
            break;
        }
        if index > 0 {
            f.write_str(", ")?;
        }
        write_bounded(f, key, depth - 1)?;
        f.write_str(": ")?;
        write_bounded(f, value, depth - 1)?;
    }
    f.write_str("}")
}

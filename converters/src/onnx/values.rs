//! What stands beside the weights of a model, as values.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::node::{Attribute, Node};
use super::tensor::element_type;
use super::wire::Fields;
use crate::error::Fault;
use crate::value::{Dict, Value};

/// Makes values whose texts are shared, and bounds the memory they take by the file's size.
pub(crate) struct Values<'a> {
    bytes: &'a [u8],
    texts: HashMap<&'a str, Value>,
    empty: Value,
    used: usize,
    limit: usize,
}

impl<'a> Values<'a> {
    /// For the file `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        const PER_BYTE: usize = 16;
        let limit = bytes.len().saturating_mul(PER_BYTE).saturating_add(1 << 20);
        let empty = Value::Dict(Arc::default());
        Values { bytes, texts: HashMap::new(), empty, used: 0, limit }
    }

    /// A text.
    pub(crate) fn text(&mut self, text: &'a str) -> Result<Value, Fault> {
        if let Some(value) = self.texts.get(text) {
            return Ok(value.clone());
        }
        let value = self.long_text(text)?;
        self.texts.insert(text, value.clone());
        Ok(value)
    }

    /// A text that is hardly met twice.
    pub(crate) fn long_text(&mut self, text: &str) -> Result<Value, Fault> {
        self.charge(text.len() + 2 * size_of::<Value>())?;
        Ok(Value::Str(text.into()))
    }

    /// A list.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut value: impl FnMut(&mut Self, T) -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        let mut list = Vec::new();
        for item in items {
            self.charge(size_of::<Value>())?;
            list.push(value(self, item)?);
        }
        Ok(Value::List(list.into()))
    }

    /// A dict; of a key that occurs again the last value counts.
    pub(crate) fn dict(
        &mut self,
        pairs: impl IntoIterator<Item = (&'a str, Value)>,
    ) -> Result<Value, Fault> {
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let mut places = HashMap::new();
        for (key, value) in pairs {
            if let Some(&place) = places.get(key) {
                let entry: &mut (Value, Value) = &mut entries[place];
                entry.1 = value;
                continue;
            }
            places.insert(key, entries.len());
            self.charge(2 * size_of::<Value>())?;
            entries.push((self.text(key)?, value));
        }
        if entries.is_empty() {
            return Ok(self.empty.clone());
        }
        self.charge(size_of::<Dict>())?;
        Ok(Value::Dict(Arc::new(Dict { entries, attributes: Value::None })))
    }

    /// A node, without what is empty.
    pub(crate) fn node(&mut self, node: &Node<'a>) -> Result<Value, Fault> {
        self.charge(size_of::<Value>())?;
        let mut pairs = Vec::new();
        for (key, text) in [("op_type", node.op_type), ("domain", node.domain), ("name", node.name)]
        {
            if !text.is_empty() {
                pairs.push((key, self.text(text)?));
            }
        }
        for (key, names) in [("inputs", &node.inputs), ("outputs", &node.outputs)] {
            if !names.is_empty() {
                pairs.push((key, self.list(names, |values, name| values.text(name))?));
            }
        }
        let mut attributes = Vec::new();
        for (name, value) in &node.attributes {
            if let Some(value) = self.attribute(value)? {
                attributes.push((*name, value));
            }
        }
        if !attributes.is_empty() {
            pairs.push(("attributes", self.dict(attributes)?));
        }
        self.dict(pairs)
    }

    fn attribute(&mut self, value: &Attribute<'a>) -> Result<Option<Value>, Fault> {
        Ok(Some(match value {
            Attribute::Int(value) => Value::Int(*value),
            Attribute::Float(value) => Value::Float(f64::from(*value)),
            Attribute::Text(text) => self.text_or_bytes(text)?,
            Attribute::Ints(list) => self.list(list, |_, &value| Ok(Value::Int(value)))?,
            Attribute::Floats(list) => {
                self.list(list, |_, &value| Ok(Value::Float(f64::from(value))))?
            }
            Attribute::Texts(list) => self.list(list, |values, text| values.text_or_bytes(text))?,
            Attribute::Tensor(_) | Attribute::SparseTensor | Attribute::Other => return Ok(None),
        }))
    }

    fn text_or_bytes(&mut self, bytes: &'a [u8]) -> Result<Value, Fault> {
        if let Ok(text) = str::from_utf8(bytes) {
            return self.text(text);
        }
        self.charge(bytes.len() + 2 * size_of::<Value>())?;
        Ok(Value::Bytes(bytes.into()))
    }

    /// Name, element type and shape of an input or output: the `ValueInfoProto` at `span`.
    pub(crate) fn value_info(&mut self, span: Range<usize>) -> Result<(&'a str, Value), Fault> {
        let bytes = self.bytes;
        let (mut name, mut pairs) = ("", Vec::new());
        for field in Fields::new(bytes, span) {
            let field = field?;
            match field.number {
                1 => name = field.text(bytes)?,
                // TypeProto, then TypeProto.Tensor
                2 => {
                    for kind in Fields::new(bytes, field.span()?) {
                        let kind = kind?;
                        if kind.number == 1 {
                            pairs = self.tensor_type(kind.span()?)?;
                        }
                    }
                }
                _ => {}
            }
        }
        Ok((name, self.dict(pairs)?))
    }

    fn tensor_type(&mut self, span: Range<usize>) -> Result<Vec<(&'a str, Value)>, Fault> {
        let bytes = self.bytes;
        let mut pairs = Vec::new();
        for field in Fields::new(bytes, span) {
            let field = field?;
            match field.number {
                1 => {
                    let dtype = element_type(field.int()?);
                    let dtype = dtype.map(|dtype| self.text(dtype.name())).transpose()?;
                    pairs.push(("dtype", dtype.unwrap_or_default()));
                }
                2 => {
                    let dims = Fields::new(bytes, field.span()?);
                    let shape = self.list(dims, |values, dim| {
                        let dim = dim?;
                        if dim.number == 1 { values.extent(dim.span()?) } else { Ok(Value::None) }
                    })?;
                    pairs.push(("shape", shape));
                }
                _ => {}
            }
        }
        Ok(pairs)
    }

    /// A number, a name, or neither.
    fn extent(&mut self, span: Range<usize>) -> Result<Value, Fault> {
        let bytes = self.bytes;
        let mut extent = Value::None;
        for field in Fields::new(bytes, span) {
            let field = field?;
            match field.number {
                1 => extent = Value::Int(field.int()?),
                2 => extent = self.text(field.text(bytes)?)?,
                _ => {}
            }
        }
        Ok(extent)
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Fault> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.limit {
            return Err(Fault::limit("the bytes that the graph takes", self.limit as u64));
        }
        Ok(())
    }
}

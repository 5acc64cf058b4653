//! One operation of an ONNX graph.

use std::ops::Range;

use super::tensor::string_pair;
use super::wire::{Field, Fields, Wire};
use crate::error::Fault;

/// A `NodeProto`.
#[derive(Default)]
pub(crate) struct Node<'a> {
    pub(crate) op_type: &'a str,
    pub(crate) domain: &'a str,
    pub(crate) name: &'a str,
    /// Names of values; an optional one left out is empty.
    pub(crate) inputs: Vec<&'a str>,
    pub(crate) outputs: Vec<&'a str>,
    pub(crate) attributes: Vec<(&'a str, Attribute<'a>)>,
    /// The modules around the node, as the exporter that is based on `torch.export` writes them.
    pub(crate) name_scopes: Option<&'a str>,
}

/// The value of an attribute.
pub(crate) enum Attribute<'a> {
    Int(i64),
    Float(f32),
    Text(&'a [u8]),
    Ints(Vec<i64>),
    Floats(Vec<f32>),
    Texts(Vec<&'a [u8]>),
    /// Where a `TensorProto` lies.
    Tensor(Range<usize>),
    SparseTensor,
    /// A graph, a type, several tensors, a reference to a function's argument.
    Other,
}

impl<'a> Node<'a> {
    pub(crate) fn parse(bytes: &'a [u8], span: Range<usize>) -> Result<Self, Fault> {
        let mut node = Node::default();
        for field in Fields::new(bytes, span) {
            let field = field?;
            match field.number {
                1 => node.inputs.push(field.text(bytes)?),
                2 => node.outputs.push(field.text(bytes)?),
                3 => node.name = field.text(bytes)?,
                4 => node.op_type = field.text(bytes)?,
                5 => node.attributes.push(attribute(bytes, field.span()?)?),
                7 => node.domain = field.text(bytes)?,
                9 => {
                    let (key, value) = string_pair(bytes, field.span()?)?;
                    if key == "pkg.torch.onnx.name_scopes" {
                        node.name_scopes = Some(value);
                    }
                }
                _ => {}
            }
        }
        Ok(node)
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// An integer attribute, or ONNX's default for it.
    pub(crate) fn int(&self, name: &str, default: i64) -> i64 {
        match self.attribute(name) {
            Some(Attribute::Int(value)) => *value,
            _ => default,
        }
    }
}

fn attribute(bytes: &[u8], span: Range<usize>) -> Result<(&str, Attribute<'_>), Fault> {
    let mut name = "";
    let mut kind = None;
    let (mut int, mut float, mut text, mut tensor) = (None, None, None, None);
    let (mut ints, mut floats, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let mut sparse = false;
    for field in Fields::new(bytes, span) {
        let field = field?;
        match field.number {
            1 => name = field.text(bytes)?,
            2 => float = Some(field.float()?),
            3 => int = Some(field.int()?),
            4 => text = Some(&bytes[field.span()?]),
            5 => tensor = Some(field.span()?),
            7 => push_floats(bytes, &field, &mut floats)?,
            8 => field.ints(bytes, &mut ints)?,
            9 => texts.push(&bytes[field.span()?]),
            20 => kind = Some(field.int()?),
            22 => sparse = true,
            _ => {}
        }
    }
    // Without its kind, which old writers leave out, whatever is there counts.
    let kind = kind.unwrap_or(match () {
        () if float.is_some() => 1,
        () if int.is_some() => 2,
        () if text.is_some() => 3,
        () if tensor.is_some() => 4,
        () if !floats.is_empty() => 6,
        () if !ints.is_empty() => 7,
        () if !texts.is_empty() => 8,
        () => 0,
    });
    let value = match kind {
        1 => Attribute::Float(float.unwrap_or_default()),
        2 => Attribute::Int(int.unwrap_or_default()),
        3 => Attribute::Text(text.unwrap_or_default()),
        4 => tensor.map_or(Attribute::Other, Attribute::Tensor),
        6 => Attribute::Floats(floats),
        7 => Attribute::Ints(ints),
        8 => Attribute::Texts(texts),
        11 if sparse => Attribute::SparseTensor,
        _ => Attribute::Other,
    };
    Ok((name, value))
}

fn push_floats(bytes: &[u8], field: &Field, out: &mut Vec<f32>) -> Result<(), Fault> {
    match &field.value {
        Wire::Bytes(span) => {
            let words = bytes[span.clone()].as_chunks().0;
            out.extend(words.iter().map(|&word| f32::from_le_bytes(word)));
        }
        _ => out.push(field.float()?),
    }
    Ok(())
}

//! The outermost message of an ONNX file, and what tells it from other protocol buffers.

use std::ops::Range;

use super::tensor::string_pair;
use super::wire::{Field, Fields, Wire, corrupt};
use crate::error::Fault;

/// A `ModelProto`, its graph still in the file.
#[allow(clippy::struct_field_names, reason = "the names are the format's")]
#[derive(Default)]
pub(crate) struct Model<'a> {
    pub(crate) ir_version: i64,
    pub(crate) producer_name: &'a str,
    pub(crate) producer_version: &'a str,
    pub(crate) domain: &'a str,
    pub(crate) model_version: i64,
    /// Operator sets: domain (empty for ONNX's own) and version.
    pub(crate) opset_import: Vec<(&'a str, i64)>,
    pub(crate) metadata_props: Vec<(&'a str, &'a str)>,
    pub(crate) graph: Range<usize>,
}

impl<'a> Model<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Fault> {
        let mut model = Model::default();
        let mut graph = None;
        for field in Fields::new(bytes, 0..bytes.len()) {
            let field = field?;
            match field.number {
                1 => model.ir_version = field.int()?,
                2 => model.producer_name = field.text(bytes)?,
                3 => model.producer_version = field.text(bytes)?,
                4 => model.domain = field.text(bytes)?,
                5 => model.model_version = field.int()?,
                7 if graph.is_some() => return Err(corrupt(field.at, "a second graph")),
                7 => graph = Some(field.span()?),
                8 => model.opset_import.push(opset(bytes, field.span()?)?),
                14 => model.metadata_props.push(string_pair(bytes, field.span()?)?),
                _ => {}
            }
        }
        let end = bytes.len();
        model.graph = graph.ok_or_else(|| corrupt(end, "the model ends without a graph"))?;
        Ok(model)
    }
}

fn opset(bytes: &[u8], span: Range<usize>) -> Result<(&str, i64), Fault> {
    let mut opset = ("", 0);
    for field in Fields::new(bytes, span) {
        let field = field?;
        match field.number {
            1 => opset.0 = field.text(bytes)?,
            2 => opset.1 = field.int()?,
            _ => {}
        }
    }
    Ok(opset)
}

/// Whether `bytes` are an ONNX model, perhaps cut short. There is no signature: what tells is that
/// each outermost field has its number, type and kind of content, the version and the graph or its
/// producer among them.
pub(crate) fn is_model(bytes: &[u8]) -> bool {
    let mut fields = Fields::new(bytes, 0..bytes.len());
    let (mut version, mut telling) = (false, false);
    loop {
        let at = fields.at();
        match fields.next() {
            None => return version && telling,
            Some(Ok(field)) if !is_plausible(bytes, &field) => return false,
            Some(Ok(field)) => {
                version |= field.number == 1;
                telling |= matches!(field.number, 2 | 7);
            }
            Some(Err(_)) => return version && (telling || bytes[at] == GRAPH_TAG),
        }
    }
}

/// Field 7, counted bytes.
const GRAPH_TAG: u8 = 7 << 3 | 2;

fn is_plausible(bytes: &[u8], field: &Field) -> bool {
    match (field.number, &field.value) {
        (1, Wire::Varint(version)) => (1..=127).contains(version),
        (2..=4, Wire::Bytes(span)) => str::from_utf8(&bytes[span.clone()])
            .is_ok_and(|text| text.len() <= 1024 && !text.chars().any(char::is_control)),
        (5, Wire::Varint(_)) | (6 | 7 | 8 | 14 | 20 | 25 | 26, Wire::Bytes(_)) => true,
        _ => false,
    }
}

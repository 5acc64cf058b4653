//! The root value of a model; [`Format::Onnx`](crate::Format::Onnx) says what is in it.

use super::Model;
use super::initializers::Initializers;
use super::layers::{Axes, Recovered};
use super::values::Values;
use super::wire::Fields;
use crate::error::Fault;
use crate::value::Value;

/// Describes a model whose `nodes` are described already.
pub(crate) fn root<'a>(
    bytes: &'a [u8],
    model: &Model<'a>,
    known: &Initializers<'a>,
    recovered: &'a [Recovered],
    nodes: Vec<Value>,
    values: &mut Values<'a>,
) -> Result<Value, Fault> {
    let domain = |domain: &'a str| if domain.is_empty() { "ai.onnx" } else { domain };
    let opsets = model.opset_import.iter();
    let opsets = opsets.map(|&(of, version)| (domain(of), Value::Int(version)));
    let mut metadata = Vec::new();
    for &(key, text) in &model.metadata_props {
        metadata.push((key, values.long_text(text)?));
    }
    let (graph_name, inputs, outputs) = graph(bytes, model, known, values)?;
    let renamed = renamed(known, recovered, values)?;
    let transposed = recovered.iter().filter(|other| other.axes == Axes::Reversed);
    let mut unsupported = Vec::new();
    for (name, reason) in &known.unsupported {
        unsupported.push((*name, values.long_text(reason)?));
    }
    let pairs = [
        ("ir_version", Value::Int(model.ir_version)),
        ("producer_name", values.text(model.producer_name)?),
        ("producer_version", values.text(model.producer_version)?),
        ("domain", values.text(model.domain)?),
        ("model_version", Value::Int(model.model_version)),
        ("opset_import", values.dict(opsets)?),
        ("metadata_props", values.dict(metadata)?),
        ("graph_name", values.text(graph_name)?),
        ("inputs", values.dict(inputs)?),
        ("outputs", values.dict(outputs)?),
        ("renamed", renamed),
        ("transposed", values.list(transposed, |values, other| values.text(&other.name))?),
        ("unsupported", values.dict(unsupported)?),
        ("nodes", Value::List(nodes.into())),
    ];
    values.dict(pairs)
}

type Described<'a> = Vec<(&'a str, Value)>;

/// The graph's name, inputs and outputs. Old models list each initializer as an input, too.
fn graph<'a>(
    bytes: &'a [u8],
    model: &Model<'a>,
    known: &Initializers<'a>,
    values: &mut Values<'a>,
) -> Result<(&'a str, Described<'a>, Described<'a>), Fault> {
    let (mut name, mut inputs, mut outputs) = ("", Vec::new(), Vec::new());
    for field in Fields::new(bytes, model.graph.clone()) {
        let field = field?;
        match field.number {
            2 => name = field.text(bytes)?,
            11 => inputs.push(values.value_info(field.span()?)?),
            12 => outputs.push(values.value_info(field.span()?)?),
            _ => {}
        }
    }
    inputs.retain(|(name, _)| !known.is_name(name));
    Ok((name, inputs, outputs))
}

fn renamed<'a>(
    known: &Initializers<'a>,
    recovered: &'a [Recovered],
    values: &mut Values<'a>,
) -> Result<Value, Fault> {
    let mut pairs = Vec::new();
    for other in recovered {
        pairs.push((other.name.as_str(), values.text(known.name(other.initializer))?));
    }
    values.dict(pairs)
}

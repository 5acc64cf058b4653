//! ONNX: one protocol buffer with the graph and its weights, large weights perhaps beside it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::Content;
use crate::error::Fault;
use crate::names::Named;
use crate::onnx::Model;
use crate::onnx::external::Folder;
use crate::onnx::initializers::Initializers;
use crate::onnx::layers::{Axes, Layers, Recovered};
use crate::onnx::node::Node;
use crate::onnx::path::is_anonymous;
use crate::onnx::root::root;
use crate::onnx::values::Values;
use crate::onnx::wire::{Field, Fields};
use crate::source::Source;
use crate::{Error, Format};

/// Reads a model; `path` is its file, if it is one.
pub(crate) fn read(
    source: &Source,
    file: &Arc<str>,
    path: Option<&Path>,
) -> Result<Content, Error> {
    let in_file = |fault: Fault| fault.in_file(file);
    let model = Model::parse(source).map_err(in_file)?;
    let folder = Folder::of(file, path);
    let mut known = Initializers::new(source, file, folder);
    for field in fields(source, &model.graph, 5) {
        known.add(span(field).map_err(in_file)?)?;
    }
    for field in fields(source, &model.graph, 15) {
        known.add_sparse(span(field).map_err(in_file)?)?;
    }
    let mut layers = Layers::default();
    let mut values = Values::new(source);
    let mut nodes = Vec::new();
    for field in fields(source, &model.graph, 1) {
        let node = Node::parse(source, span(field).map_err(in_file)?).map_err(in_file)?;
        known.add_constant(&node)?;
        layers.see(&node, &mut known);
        nodes.push(values.node(&node).map_err(in_file)?);
    }
    let recovered = layers.names(&known);
    let root = root(source, &model, &known, &recovered, nodes, &mut values).map_err(in_file)?;
    Ok(Content::new(Format::Onnx, root, named(&known, &recovered)))
}

/// The fields of the message at `within` that have a number, and whatever is damaged there.
fn fields(
    source: &Source,
    within: &Range<usize>,
    number: u32,
) -> impl Iterator<Item = Result<Field, Fault>> {
    let is_wanted = move |field: &Result<Field, Fault>| match field {
        Ok(field) => field.number == number,
        Err(_) => true,
    };
    Fields::new(source, within.clone()).filter(is_wanted)
}

fn span(field: Result<Field, Fault>) -> Result<Range<usize>, Fault> {
    field?.span()
}

/// Each tensor under the names recovered for it, and under its own if that names a module or there
/// is no other.
fn named(known: &Initializers, recovered: &[Recovered]) -> Named {
    let mut others = vec![Vec::new(); known.tensors().len()];
    for other in recovered {
        others[other.initializer].push(other);
    }
    let mut named = Named::default();
    for ((name, tensor), others) in known.tensors().iter().zip(others) {
        if others.is_empty() || !is_anonymous(name) {
            named.push(name, tensor, "");
        }
        for other in others {
            let tensor = match other.axes {
                Axes::Same => tensor,
                Axes::Reversed => &tensor.transposed(),
                Axes::Joined => &tensor.joined(),
            };
            named.push(&other.name, tensor, "");
        }
    }
    named
}

//! The tensors that stand in a graph.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use super::external::Folder;
use super::node::{Attribute, Node};
use super::tensor::TensorProto;
use super::wire::Fields;
use crate::error::Fault;
use crate::source::Source;
use crate::{Error, Tensor};

/// Initializers and constants in the order stored, by the names of the values they are.
pub(crate) struct Initializers<'a> {
    source: &'a Source,
    file: &'a Arc<str>,
    folder: Folder,
    tensors: Vec<(&'a str, Tensor)>,
    places: HashMap<&'a str, Place>,
    /// Names of tensors that are there and cannot be read, and why.
    pub(crate) unsupported: Vec<(&'a str, String)>,
}

enum Place {
    Tensor(usize),
    /// Another name of a tensor.
    Copy(usize),
    Unsupported,
}

impl<'a> Initializers<'a> {
    pub(crate) fn new(source: &'a Source, file: &'a Arc<str>, folder: Folder) -> Self {
        let (tensors, places, unsupported) = Default::default();
        Initializers { source, file, folder, tensors, places, unsupported }
    }

    /// Adds the `TensorProto` at `span`.
    pub(crate) fn add(&mut self, span: Range<usize>) -> Result<(), Error> {
        let tensor = self.parse(span)?;
        self.insert(tensor.name, &tensor)
    }

    /// Adds the tensor that a `Constant` node gives to its output.
    pub(crate) fn add_constant(&mut self, node: &Node<'a>) -> Result<(), Error> {
        let &[name] = &node.outputs[..] else { return Ok(()) };
        match (node.attribute("value"), node.attribute("sparse_value")) {
            (Some(Attribute::Tensor(span)), _) => {
                let tensor = self.parse(span.clone())?;
                self.insert(name, &tensor)
            }
            (_, Some(Attribute::SparseTensor)) => self.insert_sparse(name),
            _ => Ok(()),
        }
    }

    /// Adds the `SparseTensorProto` at `span`, whose name is that of its values.
    pub(crate) fn add_sparse(&mut self, span: Range<usize>) -> Result<(), Error> {
        for field in Fields::new(self.source, span) {
            let field = field.map_err(|fault| self.in_file(fault))?;
            if field.number == 1 {
                let values = field.span().map_err(|fault| self.in_file(fault))?;
                let name = self.parse(values)?.name;
                self.insert_sparse(name)?;
            }
        }
        Ok(())
    }

    /// Notes that the value `output` is a copy of `input`; the place of a tensor.
    pub(crate) fn copy(&mut self, input: &str, output: &'a str) -> Option<usize> {
        let place = self.place(input)?;
        match self.places.entry(output) {
            Entry::Occupied(_) => None,
            Entry::Vacant(entry) => {
                entry.insert(Place::Copy(place));
                Some(place)
            }
        }
    }

    /// All tensors with their names.
    pub(crate) fn tensors(&self) -> &[(&'a str, Tensor)] {
        &self.tensors
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.tensors.iter().map(|&(name, _)| name)
    }

    /// Name of the tensor at a place.
    pub(crate) fn name(&self, place: usize) -> &'a str {
        self.tensors[place].0
    }

    /// Extents of the tensor at a place.
    pub(crate) fn shape(&self, place: usize) -> &[usize] {
        self.tensors[place].1.shape()
    }

    /// Number of elements of the tensor at a place.
    pub(crate) fn len(&self, place: usize) -> usize {
        self.tensors[place].1.len()
    }

    /// The tensor that a value is, or is a copy of.
    pub(crate) fn place(&self, value: &str) -> Option<usize> {
        match self.places.get(value)? {
            Place::Tensor(place) | Place::Copy(place) => Some(*place),
            Place::Unsupported => None,
        }
    }

    /// Whether a tensor is stored under this very name.
    pub(crate) fn is_name(&self, name: &str) -> bool {
        matches!(self.places.get(name), Some(Place::Tensor(_) | Place::Unsupported))
    }

    fn parse(&self, span: Range<usize>) -> Result<TensorProto<'a>, Error> {
        TensorProto::parse(self.source, span).map_err(|fault| self.in_file(fault))
    }

    fn insert(&mut self, name: &'a str, proto: &TensorProto<'a>) -> Result<(), Error> {
        if let Some(reason) = proto.unsupported() {
            self.claim(name, Place::Unsupported)?;
            self.unsupported.push((name, reason));
            return Ok(());
        }
        let tensor = proto.tensor(self.source, self.file, &mut self.folder)?;
        self.claim(name, Place::Tensor(self.tensors.len()))?;
        self.tensors.push((name, tensor));
        Ok(())
    }

    fn insert_sparse(&mut self, name: &'a str) -> Result<(), Error> {
        self.claim(name, Place::Unsupported)?;
        self.unsupported.push((name, "a sparse tensor".into()));
        Ok(())
    }

    fn claim(&mut self, name: &'a str, place: Place) -> Result<(), Error> {
        let wrong = |what: &str| {
            let fault = Fault::corrupt(format!("the initializer `{name:.200}`"), what);
            Err(fault.in_file(self.file))
        };
        if name.is_empty() {
            return wrong("it has no name");
        }
        match self.places.entry(name) {
            Entry::Occupied(_) => wrong("its name occurs twice"),
            Entry::Vacant(entry) => {
                entry.insert(place);
                Ok(())
            }
        }
    }

    fn in_file(&self, fault: Fault) -> Error {
        fault.in_file(self.file)
    }
}

//! A network, described once: values, the operations between them, and shapes that are checked as it grows.

mod arithmetic;
mod attention;
mod conv;
mod display;
mod image;
mod layout;
mod linear;
mod norm;
mod select;
mod types;

#[cfg(test)]
mod tests;

pub use conv::Conv;

use crate::op::Op;
use crate::{Error, Result, Shape, Tensor};

/// One tensor that flows through a [`Graph`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) u32);

/// What the elements of a value are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// Numbers.
    F32,
    /// Indices.
    I32,
}

/// A network as data. Nodes stand in the order in which they can run.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub(crate) nodes: Vec<Node>,
    pub(crate) values: Vec<ValueInfo>,
    pub(crate) inputs: Vec<(String, Value)>,
    pub(crate) outputs: Vec<(String, Value)>,
}

/// One operation of a [`Graph`] with its operands and results.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// To what.
    pub inputs: Vec<Value>,
    /// With what results; one, except for `TopK`.
    pub outputs: Vec<Value>,
    /// The layer in the checkpoint's words, for profiles; may be empty.
    pub label: String,
}

/// Shape and type of a [`Value`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueInfo {
    /// Extents.
    pub shape: Shape,
    /// Element type.
    pub dtype: DType,
}

impl Graph {
    /// A graph without anything in it.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// A value that is given at each run.
    ///
    /// # Errors
    /// The shape is not one a tensor can have.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> Result<Value> {
        let shape = Shape::new(shape)
            .ok_or_else(|| Error::Shape { op: "input", what: format!("{shape:?} is too large") })?;
        let value = self.value(shape, DType::F32);
        self.inputs.push((name.to_owned(), value));
        Ok(value)
    }

    /// Makes `value` a result of the network.
    pub fn output(&mut self, name: &str, value: Value) {
        self.outputs.push((name.to_owned(), value));
    }

    /// A table of numbers.
    pub fn constant(&mut self, tensor: Tensor) -> Value {
        let shape = tensor.shape();
        self.push(Op::Constant(tensor), &[], shape)
    }

    /// A table of numbers that fit `shape`.
    ///
    /// # Errors
    /// They do not fit.
    pub fn table(&mut self, shape: &[usize], values: Vec<f32>) -> Result<Value> {
        let found = values.len();
        let tensor = Shape::new(shape).and_then(|shape| Tensor::from_vec(shape, values));
        let tensor = tensor.ok_or_else(|| Error::Shape {
            op: "constant",
            what: format!("{found} values do not fill the shape {shape:?}"),
        })?;
        Ok(self.constant(tensor))
    }

    /// The extents of `value`.
    pub fn shape(&self, value: Value) -> Shape {
        self.info(value).shape
    }

    /// Shape and type of `value`.
    pub fn info(&self, value: Value) -> ValueInfo {
        self.values[value.0 as usize]
    }

    /// The extents of `value` if there are `N` of them.
    ///
    /// # Errors
    /// There are more or fewer.
    pub fn dims<const N: usize>(&self, op: &'static str, value: Value) -> Result<[usize; N]> {
        let shape = self.shape(value);
        <[usize; N]>::try_from(&*shape)
            .map_err(|_| Error::Shape { op, what: format!("{shape} has not {N} dimensions") })
    }

    /// The operations, in an order in which they can run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Names and values of what is given at each run.
    pub fn inputs(&self) -> &[(String, Value)] {
        &self.inputs
    }

    /// Names and values of the results.
    pub fn outputs(&self) -> &[(String, Value)] {
        &self.outputs
    }

    /// Calls the last described operation `label` in profiles.
    pub fn label(&mut self, label: &str) {
        if let Some(node) = self.nodes.last_mut() {
            label.clone_into(&mut node.label);
        }
    }

    fn value(&mut self, shape: Shape, dtype: DType) -> Value {
        self.values.push(ValueInfo { shape, dtype });
        Value((self.values.len() - 1) as u32)
    }

    fn push(&mut self, op: Op, inputs: &[Value], shape: Shape) -> Value {
        self.push_typed(op, inputs, shape, DType::F32)
    }

    fn push_typed(&mut self, op: Op, inputs: &[Value], shape: Shape, dtype: DType) -> Value {
        let output = self.value(shape, dtype);
        let (inputs, outputs) = (inputs.to_vec(), vec![output]);
        self.nodes.push(Node { op, inputs, outputs, label: String::new() });
        output
    }
}

/// A shape made of other shapes' parts; an error when a tensor cannot have it.
fn checked(op: &'static str, dims: &[usize]) -> Result<Shape> {
    Shape::new(dims).ok_or_else(|| Error::Shape { op, what: format!("{dims:?} is too large") })
}

fn mismatch<T>(op: &'static str, what: String) -> Result<T> {
    Err(Error::Shape { op, what })
}

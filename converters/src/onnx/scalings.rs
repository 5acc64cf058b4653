//! Modules that multiply by a vector and add another: norms that no operation of ONNX stands for.

use std::collections::BTreeMap;

use super::initializers::Initializers;
use super::node::Node;
use super::path::{is_anonymous, module_of};

/// Vectors without names, by the modules that multiply by them and add them.
#[derive(Default)]
pub(crate) struct Scalings<'a>(BTreeMap<String, [Option<Operand<'a>>; 2]>);

/// What a module multiplies by, or adds.
#[derive(Clone, Copy, PartialEq)]
enum Operand<'a> {
    Vector { initializer: usize, name: &'a str },
    Several,
}

/// A module with one vector of each kind: initializers and their names at the place of use.
pub(crate) struct Scaling<'a> {
    pub(crate) module: String,
    pub(crate) weight: (usize, &'a str),
    pub(crate) bias: (usize, &'a str),
}

impl<'a> Scalings<'a> {
    /// Takes note of a `Mul` or `Add`.
    pub(crate) fn see(&mut self, node: &Node<'a>, known: &Initializers<'a>) {
        let role = usize::from(node.op_type == "Add");
        for &name in &node.inputs {
            let Some(initializer) = known.place(name) else { continue };
            if !is_unnamed(node, name) || !is_vector(known.shape(initializer)) {
                continue;
            }
            let Some(module) = module_of(node) else { return };
            let vector = Operand::Vector { initializer, name };
            let operand = &mut self.0.entry(module).or_default()[role];
            *operand = match *operand {
                Some(other) if other != vector => Some(Operand::Several),
                _ => Some(vector),
            };
        }
    }

    /// Modules with one vector of each kind and of the same length.
    pub(crate) fn pairs(self, known: &Initializers) -> Vec<Scaling<'a>> {
        let pair = |(module, operands): (String, [Option<Operand<'a>>; 2])| {
            let [Some(Operand::Vector { initializer: weight, name }), bias] = operands else {
                return None;
            };
            let Some(Operand::Vector { initializer: bias, name: other }) = bias else {
                return None;
            };
            let same = known.len(weight) == known.len(bias) && weight != bias;
            same.then_some(Scaling { module, weight: (weight, name), bias: (bias, other) })
        };
        self.0.into_iter().filter_map(pair).collect()
    }
}

/// Whether an exporter made the name up; the one that writes scopes calls values after operations (`view`, `mul_3`), and
/// parameters within modules by their whole paths.
fn is_unnamed(node: &Node, name: &str) -> bool {
    is_anonymous(name) || node.name_scopes.is_some() && !name.contains('.')
}

/// Whether one axis holds all elements, and more than one.
fn is_vector(shape: &[usize]) -> bool {
    shape.iter().filter(|&&extent| extent != 1).count() == 1 && !shape.contains(&0)
}

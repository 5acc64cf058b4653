//! Tokens and places without names in an ONNX graph, by what it does with them.

use std::collections::HashMap;

use ocelli_converters::{StateDict, Tensor, Value};

/// Tensors whose names an exporter made up, by these.
pub(super) type Loose<'a> = HashMap<&'a str, &'a Tensor>;

/// What a graph does with unnamed tensors `[1, count, width]`, each only where it does so with one and no other.
#[derive(Default)]
pub(super) struct Tokens<'a> {
    /// One row put before computed ones, and rows between them if there are some.
    pub(super) before: Option<(&'a Tensor, Option<&'a Tensor>)>,
    /// Rows added to computed ones.
    pub(super) added: Option<&'a Tensor>,
    /// Rows that are given another shape.
    pub(super) reshaped: Option<&'a Tensor>,
}

impl<'a> Tokens<'a> {
    /// Looks through the graph of `file`.
    pub(super) fn find(file: &StateDict, loose: &Loose<'a>, width: usize) -> Tokens<'a> {
        let nodes = file.root().get("nodes").and_then(Value::as_slice).unwrap_or_default();
        let rows = |name: &str| {
            let tensor = *loose.get(name)?;
            matches!(tensor.shape(), &[1, count, across] if across == width && count > 0)
                .then_some(tensor)
        };
        let is_one = |tensor: &&Tensor| tensor.shape()[1] == 1;
        let computed = |name: &str| !file.contains(name);
        let (mut before, mut added, mut reshaped) = (Vec::new(), Vec::new(), Vec::new());
        for node in nodes {
            let inputs = node.get("inputs").and_then(Value::as_slice).unwrap_or_default();
            let inputs: Vec<&str> = inputs.iter().filter_map(Value::as_str).collect();
            match (node.get("op_type").and_then(Value::as_str), &inputs[..]) {
                (Some("Concat"), &[first, last]) if computed(last) => {
                    before.extend(rows(first).filter(is_one).map(|first| (first, None)));
                }
                (Some("Concat"), &[first, second, last]) if computed(last) => {
                    let both = rows(first).filter(is_one).zip(rows(second));
                    before.extend(both.map(|(first, second)| (first, Some(second))));
                }
                (Some("Add"), &[a, b]) if computed(a) || computed(b) => {
                    added.extend(rows(a).or_else(|| rows(b)).filter(|t| !is_one(t)));
                }
                (Some("Reshape"), &[rows_of, _]) => {
                    reshaped.extend(rows(rows_of).filter(|t| !is_one(t)));
                }
                _ => {}
            }
        }
        Tokens { before: only(&before), added: only(&added), reshaped: only(&reshaped) }
    }
}

fn only<T: Copy>(found: &[T]) -> Option<T> {
    match *found {
        [one] => Some(one),
        _ => None,
    }
}

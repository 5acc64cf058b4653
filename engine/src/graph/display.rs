//! A graph as text: one line for each operation.

use std::fmt;

use super::{Graph, Value};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.inputs {
            writeln!(f, "{value} = input {name} {}", self.shape(*value))?;
        }
        for node in &self.nodes {
            let list = |values: &[Value]| {
                values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
            };
            let shape =
                node.outputs.first().map(|&v| self.shape(v).to_string()).unwrap_or_default();
            let (name, label) = (node.op.name(), &node.label);
            writeln!(
                f,
                "{} = {name}({}) {shape} {label}",
                list(&node.outputs),
                list(&node.inputs)
            )?;
        }
        for (name, value) in &self.outputs {
            writeln!(f, "output {name} = {value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

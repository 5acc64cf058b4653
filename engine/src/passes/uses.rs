//! Who makes a value, and how often it is read.

use crate::{Graph, Value};

/// The producer of each value and the number of its readers, outputs of the graph included.
pub(super) struct Uses {
    producer: Vec<Option<usize>>,
    readers: Vec<usize>,
}

impl Uses {
    pub(super) fn of(graph: &Graph) -> Uses {
        let mut uses =
            Uses { producer: vec![None; graph.values.len()], readers: vec![0; graph.values.len()] };
        for (index, node) in graph.nodes.iter().enumerate() {
            for output in &node.outputs {
                uses.producer[output.0 as usize] = Some(index);
            }
            for input in &node.inputs {
                uses.readers[input.0 as usize] += 1;
            }
        }
        for (_, output) in &graph.outputs {
            uses.readers[output.0 as usize] += 1;
        }
        uses
    }

    /// The node that makes `value`, if nothing but one operand reads it.
    pub(super) fn sole_producer(&self, value: Value) -> Option<usize> {
        self.producer(value).filter(|_| self.readers[value.0 as usize] == 1)
    }

    /// The node that makes `value`.
    pub(super) fn producer(&self, value: Value) -> Option<usize> {
        self.producer[value.0 as usize]
    }
}

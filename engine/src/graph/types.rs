//! Which operands are indices, and which are numbers.

use super::{DType, Graph, Node, mismatch};
use crate::Result;
use crate::op::Op;

impl Graph {
    /// Checks that indices are only moved, gathered by and made numbers, and never computed with.
    ///
    /// # Errors
    /// The first operation that is given the wrong kind of operand.
    pub(crate) fn check_types(&self) -> Result<()> {
        self.nodes.iter().try_for_each(|node| self.check_node(node))
    }

    fn check_node(&self, node: &Node) -> Result<()> {
        let moved = node.outputs.first().map_or(DType::F32, |&output| self.info(output).dtype);
        for (position, &input) in node.inputs.iter().enumerate() {
            let needed = match (&node.op, position) {
                (Op::GatherRows, 1) | (Op::ToF32, _) => DType::I32,
                (
                    Op::Reshape
                    | Op::Slice { .. }
                    | Op::Transpose { .. }
                    | Op::Expand
                    | Op::Concat { .. },
                    _,
                ) => moved,
                _ => DType::F32,
            };
            let found = self.info(input).dtype;
            if found != needed {
                let what = format!("operand {position} is {found:?}, {needed:?} is needed");
                return mismatch(node.op.name(), what);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Graph;

    #[test]
    fn indices_are_moved_but_not_computed_with() {
        let mut g = Graph::new();
        let x = g.input("x", &[2, 4]).unwrap();
        let (_, rows) = g.top_k(x, 3).unwrap();
        let rows = g.transpose(rows, &[1, 0]).unwrap();
        let rows = g.concat(&[rows, rows], 0).unwrap();
        let numbers = g.to_f32(rows);
        let again = g.to_i32(numbers);
        g.concat(&[rows, again], 0).unwrap();
        assert!(g.check_types().is_ok());
        g.relu(rows);
        assert!(g.check_types().unwrap_err().to_string().contains("F32 is needed"));
    }
}

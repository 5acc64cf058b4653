//! Elements moved to other places. All of it is one kernel: a walk over the result with other steps in the operand.

use ocelli_kernels::layout::{self, CopyPlan, PadPlan, copy};

use super::{Lowering, Title};
use crate::cost::Cost;
use crate::cpu::memory::Operand;
use crate::op::PadMode;
use crate::{Error, Node, Result, Shape};

impl Lowering<'_> {
    /// Copies the operands that were not written in place.
    pub(super) fn concat(&mut self, node: &Node, axis: usize) -> Result<()> {
        let (output, mut start) = (node.outputs[0], 0);
        let (result, shape) = (self.operand(output), self.graph.shape(output));
        for &input in &node.inputs {
            let (from, extent) = (self.operand(input), self.graph.shape(input)[axis]);
            let part = Part { axis, start, extent };
            start += extent;
            if !part.is_at(from, &shape, result) {
                let steps = steps(&shape, result.ld);
                let plan = CopyPlan::new(
                    &shape.with(axis, extent),
                    (&self.steps_of(input), 0),
                    (&steps, part.offset(&shape, result)),
                );
                let (to, plan) = part.of(&shape, result, plan);
                self.emit(node, vec![from], vec![to], move |args, context| {
                    copy(context, &plan, args.rows(0), args.rows_mut(0));
                })?;
            }
        }
        Ok(())
    }

    pub(super) fn slice(
        &mut self,
        node: &Node,
        axis: usize,
        start: usize,
        step: usize,
    ) -> Result<()> {
        let mut from = self.steps_of(node.inputs[0]);
        let offset = start * from[axis];
        from[axis] *= step;
        self.walk(node, &from, offset)
    }

    pub(super) fn reshape(&mut self, node: &Node) -> Result<()> {
        let from = self.operand(node.inputs[0]);
        let to = self.operand(node.outputs[0]);
        let to = Operand { rows: from.rows, columns: from.columns, ld: from.columns, ..to };
        self.copy(from, to, self.graph.shape(node.inputs[0]))
    }

    pub(super) fn transpose(&mut self, node: &Node, permutation: &[usize]) -> Result<()> {
        let steps = self.steps_of(node.inputs[0]);
        let from: Vec<usize> = permutation.iter().map(|&axis| steps[axis]).collect();
        self.walk(node, &from, 0)
    }

    pub(super) fn expand(&mut self, node: &Node) -> Result<()> {
        let (shape, to) = (self.graph.shape(node.inputs[0]), self.graph.shape(node.outputs[0]));
        let steps = self.steps_of(node.inputs[0]);
        let mut from = vec![0; to.len()];
        let repeated = to.len() - shape.len();
        for (axis, &extent) in shape.iter().enumerate() {
            from[repeated + axis] = if extent == 1 { 0 } else { steps[axis] };
        }
        self.walk(node, &from, 0)
    }

    pub(super) fn pad(&mut self, node: &Node, pads: &[[usize; 2]], mode: PadMode) -> Result<()> {
        let mode = match mode {
            PadMode::Constant(value) => layout::PadMode::Constant(value),
            PadMode::Reflect => layout::PadMode::Reflect,
            PadMode::Edge => layout::PadMode::Replicate,
        };
        let plan = PadPlan::new(&self.graph.shape(node.inputs[0]), pads, &mode)
            .map_err(|error| Error::Shape { op: "pad", what: error.to_string() })?;
        let (reads, writes) = (self.dense_operands(node)?, self.results(node));
        self.emit(node, reads, writes, move |args, context| {
            layout::pad(context, &plan, mode, args.read(0), args.write(0));
        })
    }

    /// Copies rows to rows of the same extents.
    pub(super) fn copy(&mut self, from: Operand, to: Operand, shape: Shape) -> Result<()> {
        let rows = [from.rows, from.columns];
        let plan = CopyPlan::new(&rows, (&[from.ld, 1], 0), (&[to.ld, 1], 0));
        let title = Title { op: "copy", label: String::new(), shape, cost: Cost::default() };
        let kernel = Box::new(
            move |args: &mut crate::cpu::memory::Args<'_>, context: ocelli_kernels::Context<'_>| {
                copy(context, &plan, args.rows(0), args.rows_mut(0));
            },
        );
        self.push(title, vec![from], vec![to], kernel)
    }

    /// A walk over the result of `node` by the steps `from` in its operand.
    fn walk(&mut self, node: &Node, from: &[usize], offset: usize) -> Result<()> {
        let shape = self.graph.shape(node.outputs[0]);
        let (operand, result) = (self.operand(node.inputs[0]), self.operand(node.outputs[0]));
        let plan = CopyPlan::new(&shape, (from, offset), (&steps(&shape, result.ld), 0));
        self.emit(node, vec![operand], vec![result], move |args, context| {
            copy(context, &plan, args.rows(0), args.rows_mut(0));
        })
    }

    /// How far it is from one element to the next along each dimension of `value`.
    fn steps_of(&mut self, value: crate::Value) -> Vec<usize> {
        let ld = self.operand(value).ld;
        steps(&self.graph.shape(value), ld)
    }
}

/// The steps of a value of the extents `shape` whose rows are `ld` apart.
fn steps(shape: &[usize], ld: usize) -> Vec<usize> {
    let mut steps = vec![1; shape.len()];
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        steps[axis] = if axis + 2 == shape.len() { ld } else { steps[axis + 1] * shape[axis + 1] };
    }
    steps
}

/// The part of a concatenation that one operand fills.
#[derive(Clone, Copy)]
struct Part {
    axis: usize,
    start: usize,
    extent: usize,
}

impl Part {
    /// Floats before the part in the result.
    fn offset(self, shape: &[usize], result: Operand) -> usize {
        let numbers = self.start * steps(shape, result.ld)[self.axis];
        if self.axis + 1 == shape.len() { result.factors.floats(numbers) } else { numbers }
    }

    /// Whether `from` is this very part of the result.
    fn is_at(self, from: Operand, shape: &[usize], result: Operand) -> bool {
        let start = result.offset + self.offset(shape, result);
        (from.slot, from.offset, from.ld) == (result.slot, start, result.ld)
    }

    /// The operand that is the part alone, where it is columns of all rows or adjacent rows, and the plan that counts
    /// from there.
    fn of(self, shape: &[usize], result: Operand, plan: CopyPlan) -> (Operand, CopyPlan) {
        let offset = result.offset + self.offset(shape, result);
        let outer: usize = shape[..self.axis].iter().product();
        if self.axis + 1 == shape.len() {
            (Operand { offset, columns: self.extent, ..result }, plan.starting_at(0))
        } else if outer <= 1 {
            let rows =
                self.extent * shape[self.axis + 1..shape.len() - 1].iter().product::<usize>();
            (Operand { offset, rows, ..result }, plan.starting_at(0))
        } else {
            (result, plan)
        }
    }
}

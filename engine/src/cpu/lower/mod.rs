//! Operations to steps: each file lowers a family, by packing weights and naming a kernel with its operands.

mod ahead;
mod arithmetic;
mod attention;
mod chain;
pub(super) mod conv;
mod image;
mod linear;
mod norm;
mod select;
mod shuffle;

use std::sync::Arc;

use ocelli_kernels::{Context, Factors, Isa};

use super::CpuExecutor;
use super::chains::Chains;
use super::layout::{Layout, Place};
use super::memory::{Args, Block, Operand, Slot, check};
use super::packs::Packs;
use super::plan::{Lifetime, plan};
use crate::cost::{self, Cost};
use crate::op::Op;
use crate::{Error, Graph, Node, Result, Shape, Value};

/// A kernel call with everything but its operands.
pub(super) type Kernel = Box<dyn Fn(&mut Args<'_>, Context<'_>) + Send + Sync>;

/// One kernel call of a program.
pub(super) struct Step {
    pub(super) kernel: Kernel,
    pub(super) reads: Vec<Operand>,
    pub(super) writes: Vec<Operand>,
    pub(super) op: &'static str,
    pub(super) label: String,
    pub(super) shape: Shape,
    pub(super) cost: Cost,
}

/// A graph as steps over planned memory.
pub(super) struct Lowered {
    pub(super) steps: Vec<Step>,
    pub(super) slots: Vec<Slot>,
    pub(super) arena: usize,
    pub(super) inputs: Vec<Operand>,
    pub(super) outputs: Vec<Operand>,
    pub(super) shared_bytes: usize,
}

/// Lowers all of `graph`.
pub(super) fn lower(graph: &Graph, executor: &CpuExecutor) -> Result<Lowered> {
    let chains = Chains::of(graph);
    ahead::pack(graph, &chains, executor);
    let mut layout = Layout::of(graph);
    if executor.factors == Factors::Bf16 {
        layout.write_pairs(graph, executor.isa);
    }
    let mut lowering = Lowering {
        graph,
        layout,
        packs: &executor.packs,
        isa: executor.isa,
        factors: executor.factors,
        threads: executor.threads(),
        buffers: Vec::new(),
        slot_of: vec![None; graph.values.len()],
        steps: Vec::new(),
        shared_bytes: 0,
    };
    let inputs: Vec<_> = graph.inputs.iter().map(|&(_, v)| lowering.operand(v)).collect();
    let mut rest = 0..graph.nodes.len();
    while let Some(at) = rest.next() {
        if let Some(chain) = chains.at(at) {
            rest.start = chain.end;
            lowering.chain(&graph.nodes[chain])?;
        } else {
            lowering.node(&graph.nodes[at])?;
        }
    }
    let outputs =
        graph.outputs.iter().map(|&(_, v)| lowering.dense(v)).collect::<Result<Vec<_>>>()?;
    Ok(lowering.finish(inputs, outputs))
}

/// The state of lowering one graph.
pub(super) struct Lowering<'a> {
    graph: &'a Graph,
    layout: Layout,
    packs: &'a Packs,
    isa: Isa,
    factors: Factors,
    threads: usize,
    buffers: Vec<Buffer>,
    slot_of: Vec<Option<usize>>,
    steps: Vec<Step>,
    shared_bytes: usize,
}

enum Buffer {
    Arena(usize),
    Constant(Arc<Block>),
}

/// What a step is to be called, and what it costs.
struct Title {
    op: &'static str,
    label: String,
    shape: Shape,
    cost: Cost,
}

impl Lowering<'_> {
    fn node(&mut self, node: &Node) -> Result<()> {
        if self.layout.is_view(node) {
            return Ok(());
        }
        match &node.op {
            Op::Constant(tensor) => self.constant(node.outputs[0], tensor),
            Op::Conv2d(op) => self.conv(node, op),
            Op::ConvTranspose2d(op) => self.conv_transpose(node, op),
            Op::Linear(op) => self.linear(node, op),
            Op::MatMul { transpose_b } => self.matmul(node, *transpose_b),
            Op::Attention { heads, scale } => self.attention(node, *heads, *scale),
            Op::DeformableAttention(spec) => self.deformable_attention(node, spec),
            Op::LayerNorm(norm) => self.layer_norm(node, norm),
            Op::RmsNorm(norm) => self.rms_norm(node, norm),
            Op::GroupNorm { groups, norm } => self.group_norm(node, *groups, norm),
            Op::L2Normalize { eps } => self.l2_normalize(node, *eps),
            Op::ScaleShift { scale, shift } => self.scale_shift(node, scale, shift.as_ref()),
            Op::Activation(activation) => self.activation(node, *activation),
            Op::Unary(unary) => self.unary(node, *unary),
            Op::Binary(binary) => self.binary(node, *binary),
            Op::Softmax => self.softmax(node),
            Op::Reduce { kind, first, end } => self.reduce(node, *kind, *first..*end),
            Op::Pool(pool) => self.pool(node, *pool),
            Op::Resize(resize) => self.resize(node, *resize),
            Op::GridSample { padding, align_corners } => {
                self.grid_sample(node, *padding, *align_corners)
            }
            Op::TopK { k } => self.top_k(node, *k),
            Op::ArgMax => self.arg_max(node),
            Op::GatherRows => self.gather_rows(node),
            Op::Concat { axis } => self.concat(node, *axis),
            Op::Slice { axis, start, step } => self.slice(node, *axis, *start, *step),
            Op::Pad { pads, mode } => self.pad(node, pads, *mode),
            Op::Reshape => self.reshape(node),
            Op::Transpose { permutation } => self.transpose(node, permutation),
            Op::Expand => self.expand(node),
            Op::ToF32 => self.convert_to_f32(node),
            Op::ToI32 => self.convert_to_i32(node),
        }
    }

    fn constant(&mut self, value: Value, tensor: &crate::Tensor) -> Result<()> {
        let block = self.packs.block(tensor)?;
        self.shared_bytes += block.len() * size_of::<f32>();
        self.buffers.push(Buffer::Constant(block));
        self.slot_of[value.0 as usize] = Some(self.buffers.len() - 1);
        Ok(())
    }

    /// `value` where it lies, its rows perhaps apart.
    fn operand(&mut self, value: Value) -> Operand {
        let (place, shape) = (self.layout.place(value), self.graph.shape(value));
        let slot = self.slot(place.root);
        let Place { offset, ld, factors, .. } = place;
        Operand {
            slot,
            offset,
            rows: shape.rows(),
            columns: factors.floats(shape.last_dim()),
            ld,
            factors,
        }
    }

    /// `value` with adjacent rows: itself, or a copy that is made now.
    fn dense(&mut self, value: Value) -> Result<Operand> {
        let operand = self.operand(value);
        if operand.is_dense() {
            return Ok(Operand { ld: operand.columns, ..operand });
        }
        let copy = self.scratch(operand.rows * operand.columns);
        let copy =
            Operand { rows: operand.rows, columns: operand.columns, ld: operand.columns, ..copy };
        self.copy(operand, copy, self.graph.shape(value))?;
        Ok(copy)
    }

    /// All operands of `node` where they lie, their rows perhaps apart.
    fn operands(&mut self, node: &Node) -> Vec<Operand> {
        node.inputs.iter().map(|&value| self.operand(value)).collect()
    }

    /// All operands of `node` with adjacent rows.
    fn dense_operands(&mut self, node: &Node) -> Result<Vec<Operand>> {
        node.inputs.iter().map(|&value| self.dense(value)).collect()
    }

    /// All results of `node`.
    fn results(&mut self, node: &Node) -> Vec<Operand> {
        node.outputs.iter().map(|&value| self.operand(value)).collect()
    }

    /// `floats` floats of the arena, as one row.
    fn scratch(&mut self, floats: usize) -> Operand {
        self.buffers.push(Buffer::Arena(floats));
        let slot = self.buffers.len() - 1;
        let factors = Factors::F32;
        Operand { slot, offset: 0, rows: 1, columns: floats, ld: floats, factors }
    }

    fn slot(&mut self, root: Value) -> usize {
        *self.slot_of[root.0 as usize].get_or_insert_with(|| {
            self.buffers.push(Buffer::Arena(self.layout.floats(self.graph, root)));
            self.buffers.len() - 1
        })
    }

    /// Adds the step that does the work of `node`.
    fn emit(
        &mut self,
        node: &Node,
        reads: Vec<Operand>,
        writes: Vec<Operand>,
        kernel: impl Fn(&mut Args<'_>, Context<'_>) + Send + Sync + 'static,
    ) -> Result<()> {
        let title = Title {
            op: node.op.name(),
            label: node.label.clone(),
            shape: self.graph.shape(node.outputs[0]),
            cost: cost::of(self.graph, node),
        };
        self.push(title, reads, writes, Box::new(kernel))
    }

    fn push(
        &mut self,
        title: Title,
        reads: Vec<Operand>,
        writes: Vec<Operand>,
        kernel: Kernel,
    ) -> Result<()> {
        if !check(&reads, &writes) {
            let what = format!("{}: its result would overlap an operand", title.op);
            return Err(Error::Unsupported { executor: "cpu", what });
        }
        let Title { op, label, shape, cost } = title;
        self.steps.push(Step { kernel, reads, writes, op, label, shape, cost });
        Ok(())
    }

    fn finish(self, inputs: Vec<Operand>, outputs: Vec<Operand>) -> Lowered {
        let end = self.steps.len();
        let mut alive: Vec<Option<(usize, usize)>> = vec![None; self.buffers.len()];
        let mut touch = |operand: &Operand, at: usize| {
            let (first, last) = alive[operand.slot].get_or_insert((at, at));
            (*first, *last) = ((*first).min(at), (*last).max(at));
        };
        for (at, step) in self.steps.iter().enumerate() {
            for operand in step.reads.iter().chain(&step.writes) {
                touch(operand, at);
            }
        }
        // Inputs keep their values from run to run; outputs are read after the last step.
        for input in &inputs {
            touch(input, 0);
            touch(input, end);
        }
        for output in &outputs {
            touch(output, end);
        }

        let lifetimes: Vec<Lifetime> = self
            .buffers
            .iter()
            .zip(&alive)
            .map(|(buffer, alive)| {
                let (first, last) = alive.unwrap_or((0, 0));
                let floats = match (buffer, alive) {
                    (Buffer::Arena(floats), Some(_)) => *floats,
                    _ => 0,
                };
                Lifetime { floats, first, last }
            })
            .collect();
        let plan = plan(&lifetimes);
        let slots =
            self.buffers.into_iter().zip(plan.offsets).map(|(buffer, offset)| match buffer {
                Buffer::Arena(_) => Slot::Arena(offset),
                Buffer::Constant(block) => Slot::Constant(block),
            });
        Lowered {
            slots: slots.collect(),
            steps: self.steps,
            arena: plan.floats,
            inputs,
            outputs,
            shared_bytes: self.shared_bytes,
        }
    }
}

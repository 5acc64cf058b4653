//! Compiled graphs and their sessions.

use std::sync::Arc;
use std::time::Instant;

use ocelli_kernels::{Context, Isa, Pool};

use super::lower::{Lowered, Step};
use super::memory::{Args, Block, Operand, Slot};
use crate::executor::{no_such, specs};
use crate::{Graph, Program, Result, Session, Spec, StepTime};

/// A graph as a list of kernel calls.
pub(super) struct CpuProgram {
    inputs: Vec<Spec>,
    outputs: Vec<Spec>,
    input_places: Vec<Operand>,
    output_places: Vec<Operand>,
    slots: Vec<Slot>,
    steps: Vec<Step>,
    arena: usize,
    shared: usize,
    isa: Isa,
    pool: Arc<Pool>,
}

impl CpuProgram {
    pub(super) fn new(graph: &Graph, lowered: Lowered, isa: Isa, pool: Arc<Pool>) -> CpuProgram {
        CpuProgram {
            inputs: specs(graph, graph.inputs()),
            outputs: specs(graph, graph.outputs()),
            input_places: lowered.inputs,
            output_places: lowered.outputs,
            slots: lowered.slots,
            steps: lowered.steps,
            arena: lowered.arena,
            shared: lowered.shared_bytes,
            isa,
            pool,
        }
    }
}

impl Program for CpuProgram {
    fn inputs(&self) -> &[Spec] {
        &self.inputs
    }

    fn outputs(&self) -> &[Spec] {
        &self.outputs
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>> {
        let arena = Block::new(self.arena);
        Ok(Box::new(CpuSession { program: self, arena }))
    }

    fn shared_bytes(&self) -> usize {
        self.shared
    }

    fn session_bytes(&self) -> usize {
        self.arena * size_of::<f32>()
    }

    fn flops(&self) -> u64 {
        self.steps.iter().map(|step| step.cost.flops).sum()
    }
}

struct CpuSession {
    program: Arc<CpuProgram>,
    arena: Block,
}

impl Session for CpuSession {
    fn input(&mut self, index: usize) -> Result<&mut [f32]> {
        let program = &*self.program;
        let Some(&place) = program.input_places.get(index) else {
            return Err(no_such("input", index, &program.inputs));
        };
        match program.slots[place.slot] {
            Slot::Arena(start) => Ok(&mut self.arena.floats_mut()[start..][..place.span()]),
            Slot::Constant(_) => Err(no_such("input", index, &program.inputs)),
        }
    }

    fn run(&mut self) -> Result<()> {
        let program = &*self.program;
        let context = Context { isa: program.isa, pool: &program.pool };
        for step in &program.steps {
            step.run(&mut self.arena, &program.slots, context);
        }
        Ok(())
    }

    fn output(&self, index: usize) -> Result<&[f32]> {
        let program = &*self.program;
        let Some(&place) = program.output_places.get(index) else {
            return Err(no_such("output", index, &program.outputs));
        };
        let floats = match &program.slots[place.slot] {
            Slot::Arena(start) => &self.arena.floats()[*start..],
            Slot::Constant(block) => block.floats(),
        };
        Ok(&floats[place.offset..place.end()])
    }

    fn profile(&mut self) -> Result<Vec<StepTime>> {
        let program = &*self.program;
        let context = Context { isa: program.isa, pool: &program.pool };
        let mut times = Vec::with_capacity(program.steps.len());
        for step in &program.steps {
            let start = Instant::now();
            step.run(&mut self.arena, &program.slots, context);
            times.push(StepTime {
                op: step.op,
                label: step.label.clone(),
                shape: step.shape,
                time: start.elapsed(),
                flops: step.cost.flops,
                bytes: step.cost.bytes,
            });
        }
        Ok(times)
    }
}

impl Step {
    fn run(&self, arena: &mut Block, slots: &[Slot], context: Context<'_>) {
        let mut args = Args::new(arena, slots, (&self.reads, &self.writes));
        (self.kernel)(&mut args, context);
    }
}

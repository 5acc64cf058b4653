//! A graph that is walked as it was described.

use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};

use super::failed;
use super::host::floats;
use super::step::run;
use super::weights::Weights;
use crate::executor::{no_such, specs};
use crate::{DType, Error, Graph, Node, Program, Result, Session, Spec, StepTime, Value, cost};

/// A graph with its weights in candle's tensors.
pub(super) struct CandleProgram {
    graph: Graph,
    weights: Weights,
    inputs: Vec<Spec>,
    outputs: Vec<Spec>,
}

impl CandleProgram {
    pub(super) fn new(graph: Graph) -> Result<CandleProgram> {
        let weights = Weights::of(&graph)?;
        let (inputs, outputs) = (specs(&graph, graph.inputs()), specs(&graph, graph.outputs()));
        Ok(CandleProgram { graph, weights, inputs, outputs })
    }

    fn run_node(&self, node: &Node, values: &mut [Option<Tensor>]) -> Result<()> {
        let of = |v: &Value| values[v.0 as usize].clone();
        let operands: Option<Vec<Tensor>> = node.inputs.iter().map(of).collect();
        let operands = operands.ok_or_else(|| Error::Shape {
            op: node.op.name(),
            what: "an operand has no value yet".to_owned(),
        })?;
        let shapes: Vec<_> = node.outputs.iter().map(|&v| self.graph.shape(v)).collect();
        let results = run(&node.op, &operands, &shapes, &self.weights).map_err(failed)?;
        for ((value, shape), result) in node.outputs.iter().zip(shapes).zip(results) {
            if shape != *result.dims() {
                let what = format!("{:?} came out where {shape} was described", result.dims());
                return Err(Error::Shape { op: node.op.name(), what });
            }
            values[value.0 as usize] = Some(result);
        }
        Ok(())
    }
}

impl Program for CandleProgram {
    fn inputs(&self) -> &[Spec] {
        &self.inputs
    }

    fn outputs(&self) -> &[Spec] {
        &self.outputs
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>> {
        let zeros = |specs: &[Spec]| specs.iter().map(|s| vec![0.0; s.shape.elements()]).collect();
        let (inputs, outputs) = (zeros(&self.inputs), zeros(&self.outputs));
        Ok(Box::new(CandleSession { program: self, inputs, outputs }))
    }

    fn shared_bytes(&self) -> usize {
        self.weights.bytes()
    }

    fn session_bytes(&self) -> usize {
        let specs = self.inputs.iter().chain(&self.outputs);
        specs.map(|s| s.shape.elements() * size_of::<f32>()).sum()
    }

    fn flops(&self) -> u64 {
        self.graph.nodes.iter().map(|node| cost::of(&self.graph, node).flops).sum()
    }
}

struct CandleSession {
    program: Arc<CandleProgram>,
    inputs: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
}

impl CandleSession {
    /// Runs the graph and tells `watch` about each operation and its time.
    fn walk(&mut self, mut watch: impl FnMut(&Node, Duration)) -> Result<()> {
        let graph = &self.program.graph;
        let mut values = vec![None; graph.values.len()];
        for ((_, value), floats) in graph.inputs.iter().zip(&self.inputs) {
            let dims = graph.shape(*value);
            let tensor = Tensor::from_slice(floats, &*dims, &Device::Cpu).map_err(failed)?;
            values[value.0 as usize] = Some(tensor);
        }
        for node in &graph.nodes {
            let start = Instant::now();
            self.program.run_node(node, &mut values)?;
            watch(node, start.elapsed());
        }
        for ((_, value), output) in graph.outputs.iter().zip(&mut self.outputs) {
            if let Some(tensor) = &values[value.0 as usize]
                && graph.info(*value).dtype == DType::F32
            {
                *output = floats(tensor).map_err(failed)?;
            }
        }
        Ok(())
    }
}

impl Session for CandleSession {
    fn input(&mut self, index: usize) -> Result<&mut [f32]> {
        let missing = no_such("input", index, &self.program.inputs);
        self.inputs.get_mut(index).map(Vec::as_mut_slice).ok_or(missing)
    }

    fn run(&mut self) -> Result<()> {
        self.walk(|_, _| ())
    }

    fn output(&self, index: usize) -> Result<&[f32]> {
        let specs = &self.program.outputs;
        match (specs.get(index), self.outputs.get(index)) {
            (Some(spec), Some(floats)) if spec.dtype == DType::F32 => Ok(floats),
            _ => Err(no_such("output", index, specs)),
        }
    }

    fn profile(&mut self) -> Result<Vec<StepTime>> {
        let program = Arc::clone(&self.program);
        let mut times = Vec::with_capacity(program.graph.nodes.len());
        self.walk(|node, time| {
            let cost = cost::of(&program.graph, node);
            times.push(StepTime {
                op: node.op.name(),
                label: node.label.clone(),
                shape: program.graph.shape(node.outputs[0]),
                time,
                flops: cost.flops,
                bytes: cost.bytes,
            });
        })?;
        Ok(times)
    }
}

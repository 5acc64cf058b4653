//! A graph that is walked as it was described.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Constants, Library};
use crate::executor::{no_such, specs};
use crate::op::Op;
use crate::{DType, Error, Graph, Node, Program, Result, Session, Spec, StepTime, Value, cost};

/// A graph with its constants as a library's tensors.
pub(crate) struct EagerProgram<L: Library> {
    graph: Graph,
    library: Arc<L>,
    constants: Constants<L::Array>,
    /// By node, the values that nobody needs after it.
    dead: Vec<Vec<Value>>,
    /// By input, whether it is read as indices alone.
    exact: Vec<bool>,
    inputs: Vec<Spec>,
    outputs: Vec<Spec>,
}

impl<L: Library> EagerProgram<L> {
    pub(crate) fn new(graph: Graph, library: Arc<L>) -> Result<EagerProgram<L>> {
        let constants = Constants::of(&graph, &*library)?;
        let (inputs, outputs) = (specs(&graph, graph.inputs()), specs(&graph, graph.outputs()));
        let (dead, exact) = (dead(&graph), exact(&graph));
        Ok(EagerProgram { graph, library, constants, dead, exact, inputs, outputs })
    }

    /// Computes the results of a node, and lets go of the values that are `dead` after it.
    fn run_node(&self, node: &Node, dead: &[Value], values: &mut [Option<L::Array>]) -> Result<()> {
        let mut operands = Vec::with_capacity(node.inputs.len());
        for (i, input) in node.inputs.iter().enumerate() {
            let value = &mut values[input.0 as usize];
            let last = dead.contains(input) && !node.inputs[i + 1..].contains(input);
            let operand = if last { value.take() } else { value.clone() };
            operands.push(operand.ok_or_else(|| Error::Shape {
                op: node.op.name(),
                what: "an operand has no value yet".to_owned(),
            })?);
        }
        let shapes: Vec<_> = node.outputs.iter().map(|&v| self.graph.shape(v)).collect();
        let results = self.library.run(&node.op, operands, &shapes, &self.constants)?;
        for ((value, shape), result) in node.outputs.iter().zip(shapes).zip(results) {
            let found = self.library.extents(&result);
            if self.library.kept(shape) != found {
                let what = format!("{found:?} came out where {shape} was described");
                return Err(Error::Shape { op: node.op.name(), what });
            }
            values[value.0 as usize] = Some(result).filter(|_| !dead.contains(value));
        }
        Ok(())
    }
}

/// By node, the operands and results that no later node and no output reads.
fn dead(graph: &Graph) -> Vec<Vec<Value>> {
    let mut needed: Vec<bool> = vec![false; graph.values.len()];
    for (_, value) in &graph.outputs {
        needed[value.0 as usize] = true;
    }
    let mut dead: Vec<Vec<Value>> = graph
        .nodes
        .iter()
        .rev()
        .map(|node| {
            let mut values: Vec<Value> = node.inputs.iter().chain(&node.outputs).copied().collect();
            values.retain(|value| !std::mem::replace(&mut needed[value.0 as usize], true));
            values
        })
        .collect();
    dead.reverse();
    dead
}

/// By input, whether nothing but its place among others or what it is as an index is asked of it.
fn exact(graph: &Graph) -> Vec<bool> {
    graph.inputs.iter().map(|(_, value)| holds_indices(graph, *value)).collect()
}

fn holds_indices(graph: &Graph, value: Value) -> bool {
    let mut readers = graph.nodes.iter().filter(|node| node.inputs.contains(&value));
    readers.all(|node| match node.op {
        Op::ToI32 | Op::ArgMax => true,
        Op::Reshape | Op::Slice { .. } | Op::Transpose { .. } | Op::Expand => {
            node.outputs.iter().all(|&value| holds_indices(graph, value))
        }
        _ => false,
    })
}

impl<L: Library> Program for EagerProgram<L> {
    fn inputs(&self) -> &[Spec] {
        &self.inputs
    }

    fn outputs(&self) -> &[Spec] {
        &self.outputs
    }

    fn session(self: Arc<Self>) -> Result<Box<dyn Session>> {
        let zeros = |specs: &[Spec]| specs.iter().map(|s| vec![0.0; s.shape.elements()]).collect();
        let (inputs, outputs) = (zeros(&self.inputs), zeros(&self.outputs));
        Ok(Box::new(EagerSession { program: self, inputs, outputs }))
    }

    fn shared_bytes(&self) -> usize {
        self.constants.bytes()
    }

    fn session_bytes(&self) -> usize {
        let specs = self.inputs.iter().chain(&self.outputs);
        specs.map(|s| s.shape.elements() * size_of::<f32>()).sum()
    }

    fn flops(&self) -> u64 {
        self.graph.nodes.iter().map(|node| cost::of(&self.graph, node).flops).sum()
    }
}

struct EagerSession<L: Library> {
    program: Arc<EagerProgram<L>>,
    inputs: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
}

impl<L: Library> EagerSession<L> {
    /// Runs the graph and calls `watch` after each operation.
    fn walk(&mut self, mut watch: impl FnMut(&Node) -> Result<()>) -> Result<()> {
        let EagerProgram { graph, library, exact, .. } = &*self.program;
        let mut values = vec![None; graph.values.len()];
        for (((_, value), numbers), exact) in graph.inputs.iter().zip(&self.inputs).zip(exact) {
            let shape = graph.shape(*value);
            let upload = if *exact { L::upload_exact } else { L::upload };
            values[value.0 as usize] = Some(upload(library, shape, numbers)?);
        }
        for (node, dead) in graph.nodes.iter().zip(&self.program.dead) {
            self.program.run_node(node, dead, &mut values)?;
            watch(node)?;
        }
        for ((_, value), output) in graph.outputs.iter().zip(&mut self.outputs) {
            if let Some(array) = &values[value.0 as usize]
                && graph.info(*value).dtype == DType::F32
            {
                *output = library.download(array)?;
            }
        }
        Ok(())
    }
}

impl<L: Library> Session for EagerSession<L> {
    fn input(&mut self, index: usize) -> Result<&mut [f32]> {
        let missing = no_such("input", index, &self.program.inputs);
        self.inputs.get_mut(index).map(Vec::as_mut_slice).ok_or(missing)
    }

    fn run(&mut self) -> Result<()> {
        let library = Arc::clone(&self.program.library);
        library.watched(|| self.walk(|_| Ok(())))
    }

    fn output(&self, index: usize) -> Result<&[f32]> {
        let specs = &self.program.outputs;
        match (specs.get(index), self.outputs.get(index)) {
            (Some(spec), Some(numbers)) if spec.dtype == DType::F32 => Ok(numbers),
            _ => Err(no_such("output", index, specs)),
        }
    }

    fn profile(&mut self) -> Result<Vec<StepTime>> {
        let program = Arc::clone(&self.program);
        let mut times = Vec::with_capacity(program.graph.nodes.len());
        let mut start = Instant::now();
        self.walk(|node| {
            program.library.wait()?;
            times.push(program.step(node, start.elapsed()));
            start = Instant::now();
            Ok(())
        })?;
        Ok(times)
    }
}

impl<L: Library> EagerProgram<L> {
    fn step(&self, node: &Node, time: Duration) -> StepTime {
        let cost = cost::of(&self.graph, node);
        StepTime {
            op: node.op.name(),
            label: node.label.clone(),
            shape: self.graph.shape(node.outputs[0]),
            time,
            flops: cost.flops,
            bytes: cost.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::Shape;
    use crate::passes::testing::weights;

    #[test]
    fn inputs_that_are_read_as_indices_stay_exact() {
        let mut g = Graph::new();
        let [tokens, x] = ["tokens", "x"].map(|name| g.input(name, &[1, 4]).unwrap());
        let flat = g.reshape(tokens, &[4]).unwrap();
        let rows = g.to_i32(flat);
        let last = g.arg_max(tokens).unwrap();
        let y = g.relu(x);
        for (name, value) in [("rows", rows), ("last", last), ("y", y)] {
            g.output(name, value);
        }
        assert_eq!(exact(&g), [true, false]);
    }

    /// Answers its first operand, and writes down how many hold each.
    struct Holders(Mutex<Vec<Vec<usize>>>);

    impl Library for Holders {
        type Array = Arc<(Shape, Vec<f32>)>;

        fn upload(&self, shape: Shape, values: &[f32]) -> Result<Self::Array> {
            Ok(Arc::new((shape, values.to_vec())))
        }

        fn download(&self, array: &Self::Array) -> Result<Vec<f32>> {
            Ok(array.1.clone())
        }

        fn extents(&self, array: &Self::Array) -> Vec<usize> {
            array.0.to_vec()
        }

        fn run(
            &self,
            _: &Op,
            operands: Vec<Self::Array>,
            _: &[Shape],
            _: &Constants<Self::Array>,
        ) -> Result<Vec<Self::Array>> {
            self.0.lock().unwrap().push(operands.iter().map(Arc::strong_count).collect());
            Ok(vec![Arc::new((*operands[0]).clone())])
        }
    }

    #[test]
    fn operands_that_are_read_last_are_handed_over() {
        let mut g = Graph::new();
        let x = g.input("x", &[2, 3]).unwrap();
        let a = g.relu(x);
        let b = g.relu(a);
        let c = g.add(a, b).unwrap();
        let d = g.add(c, c).unwrap();
        g.output("c", d);
        let library = Arc::new(Holders(Mutex::default()));
        let program = Arc::new(EagerProgram::new(g, Arc::clone(&library)).unwrap());
        program.session().unwrap().run().unwrap();
        assert_eq!(*library.0.lock().unwrap(), [vec![1], vec![2], vec![1, 1], vec![2, 2]]);
    }

    #[test]
    fn values_die_where_they_are_read_last() {
        let (mut g, w) = (Graph::new(), weights());
        let x = g.input("x", &[2, 3]).unwrap();
        let a = g.linear(x, &w.at("a"), 3).unwrap();
        let b = g.relu(a);
        let c = g.add(a, b).unwrap();
        g.output("b", b);
        g.output("c", c);
        assert_eq!(dead(&g), [vec![x], vec![], vec![a]]);
    }
}

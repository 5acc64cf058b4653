//! What makes random graphs.

use std::sync::Arc;

use ocelli_engine::{Graph, Result, Shape, Tensor, Value, WeightSource, Weights};

use crate::random::Random;

/// A kind of random graph.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) make: fn(&mut Maker) -> Result<()>,
}

/// A graph in the making, with the inputs it is to run on.
pub(crate) struct Maker {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<Vec<f32>>,
    pub(crate) random: Random,
    places: usize,
}

impl Maker {
    /// The graph of `case` that `seed` leads to.
    pub(crate) fn make(case: &Case, seed: u64) -> Maker {
        let name = case.name.bytes().fold(seed, |all, byte| all.wrapping_mul(31) + u64::from(byte));
        let random = Random::new(name);
        let mut maker = Maker { graph: Graph::new(), inputs: Vec::new(), random, places: 0 };
        (case.make)(&mut maker).unwrap_or_else(|e| panic!("{} with seed {seed}: {e}", case.name));
        maker
    }

    /// An input of numbers from -2 to 2.
    pub(crate) fn input(&mut self, dims: &[usize]) -> Result<Value> {
        self.input_with(dims, |random| random.float(-2.0, 2.0))
    }

    /// An input of numbers some of which are large.
    pub(crate) fn wide_input(&mut self, dims: &[usize]) -> Result<Value> {
        self.input_with(dims, |random| {
            let limit = random.of(&[0.1, 1.0, 1.0, 5.0, 30.0]);
            random.float(-limit, limit)
        })
    }

    /// An input of numbers from `number`.
    pub(crate) fn input_with(
        &mut self,
        dims: &[usize],
        mut number: impl FnMut(&mut Random) -> f32,
    ) -> Result<Value> {
        let name = format!("input {}", self.inputs.len());
        let value = self.graph.input(&name, dims)?;
        let count = dims.iter().product();
        self.inputs.push((0..count).map(|_| number(&mut self.random)).collect());
        Ok(value)
    }

    /// A constant of a layer.
    pub(crate) fn tensor(&mut self, dims: &[usize]) -> Tensor {
        weight(&mut self.random, dims)
    }

    /// A constant of a layer, or nothing.
    pub(crate) fn maybe_tensor(&mut self, dims: &[usize]) -> Option<Tensor> {
        (!self.random.once_in(3)).then(|| self.tensor(dims))
    }

    /// Weights of a layer of its own.
    pub(crate) fn weights(&mut self) -> Weights {
        self.places += 1;
        let seed = self.random.bits();
        Weights::new(Arc::new(RandomWeights { seed })).at(format!("layer{}", self.places))
    }

    /// Makes `value` an output.
    pub(crate) fn output(&mut self, value: Value) {
        let name = format!("output {}", self.graph.outputs().len());
        self.graph.output(&name, value);
    }

    /// Makes the indices `value` an output that has to be the same to the last bit.
    pub(crate) fn output_indices(&mut self, value: Value) {
        let numbers = self.graph.to_f32(value);
        let name = format!("exact {}", self.graph.outputs().len());
        self.graph.output(&name, numbers);
    }
}

/// Weights of every name and shape.
struct RandomWeights {
    seed: u64,
}

impl WeightSource for RandomWeights {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        let seed = name.bytes().fold(self.seed, |all, byte| all.wrapping_mul(31) ^ u64::from(byte));
        let mut random = Random::new(seed);
        let tensor = if name.ends_with("running_var") {
            filled(&needed, || random.float(0.2, 3.0))
        } else {
            weight(&mut random, &needed)
        };
        Ok(Some(tensor))
    }

    fn file(&self) -> &'static str {
        "random"
    }
}

/// Numbers that keep the size of what is multiplied with them.
fn weight(random: &mut Random, dims: &[usize]) -> Tensor {
    let inner: usize = dims.iter().skip(1).product();
    let limit = (3.0 / inner.max(1) as f32).sqrt();
    filled(dims, || random.float(-limit, limit))
}

fn filled(dims: &[usize], mut number: impl FnMut() -> f32) -> Tensor {
    let shape = Shape::new(dims).expect("a small shape");
    let values = (0..shape.elements()).map(|_| number()).collect();
    Tensor::from_vec(shape, values).expect("as many values as the shape has")
}

//! What compiles and runs graphs.

use std::sync::Arc;
use std::time::Duration;

use crate::{DType, Error, Graph, Result, Shape};

/// Compiles graphs for one device. Programs compiled by the same executor share what was made of equal weights.
pub trait Executor: Send + Sync {
    /// `cpu`, `wgpu`, `cuda`, `candle`.
    fn name(&self) -> &'static str;

    /// Compiles `graph`.
    ///
    /// # Errors
    /// The executor cannot run it, or a weight cannot be read.
    fn compile(&self, graph: &Graph) -> Result<Arc<dyn Program>>;
}

/// A compiled graph: immutable, shared by its sessions.
pub trait Program: Send + Sync {
    /// What is given at each run, in the graph's order.
    fn inputs(&self) -> &[Spec];

    /// What comes back from each run, in the graph's order.
    fn outputs(&self) -> &[Spec];

    /// Memory of its own in which the program runs, independent of all others.
    ///
    /// # Errors
    /// There is not enough memory.
    fn session(self: Arc<Self>) -> Result<Box<dyn Session>>;

    /// Bytes that all sessions share: packed weights and tables.
    fn shared_bytes(&self) -> usize;

    /// Bytes of each session.
    fn session_bytes(&self) -> usize;

    /// Floating-point operations of one run, a multiplication with its addition counted as two.
    fn flops(&self) -> u64;
}

/// One running instance of a [`Program`].
pub trait Session: Send {
    /// Where input `index` is written before a run.
    ///
    /// # Errors
    /// There is no such input.
    fn input(&mut self, index: usize) -> Result<&mut [f32]>;

    /// Runs the program on the inputs.
    ///
    /// # Errors
    /// The device failed.
    fn run(&mut self) -> Result<()>;

    /// Output `index` of the last run, row-major.
    ///
    /// # Errors
    /// There is no such output of numbers.
    fn output(&self, index: usize) -> Result<&[f32]>;

    /// Runs the program and measures each of its steps.
    ///
    /// # Errors
    /// The device failed, or cannot measure.
    fn profile(&mut self) -> Result<Vec<StepTime>>;
}

/// Name, shape and type of an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name in the graph.
    pub name: String,
    /// Extents.
    pub shape: Shape,
    /// Element type.
    pub dtype: DType,
}

/// How long one step of a run took.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTime {
    /// The operation.
    pub op: &'static str,
    /// The layer in the checkpoint's words.
    pub label: String,
    /// The shape of the step's result.
    pub shape: Shape,
    /// Wall time.
    pub time: Duration,
    /// Floating-point operations.
    pub flops: u64,
    /// Bytes read and written at the least: operands, weights and results once each.
    pub bytes: u64,
}

/// The numbers a program computes with. Weights and activations are `f32` outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Exact to rounding against PyTorch.
    #[default]
    F32,
    /// `bf16` operands, `f32` sums.
    Bf16,
    /// `f16` operands, `f32` sums.
    F16,
    /// `int8` operands, `i32` sums.
    Int8,
}

impl Precision {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
            Precision::F16 => "f16",
            Precision::Int8 => "int8",
        }
    }
}

/// The specs of `graph`'s inputs or outputs.
pub(crate) fn specs(graph: &Graph, of: &[(String, crate::Value)]) -> Vec<Spec> {
    of.iter()
        .map(|(name, value)| {
            let info = graph.info(*value);
            Spec { name: name.clone(), shape: info.shape, dtype: info.dtype }
        })
        .collect()
}

/// The error for an index that a session does not have.
pub(crate) fn no_such(what: &str, index: usize, has: &[Spec]) -> Error {
    let has: Vec<_> = has.iter().map(|spec| spec.name.as_str()).collect();
    Error::NoSuchName { what: format!("{what} {index}"), has: has.join(", ") }
}

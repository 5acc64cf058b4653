//! The executor on the processor: ocelli's own kernels, weights packed once, memory planned ahead.
//!
//! Compiling runs the passes, evaluates what depends on constants alone, decides where each value lies (`layout`), lowers
//! each operation to a step that calls a kernel (`lower`), and gives buffers that live at different times the same memory
//! (`plan`). A run walks the steps.

mod chains;
mod fold;
mod layout;
mod lower;
mod memory;
mod packs;
mod plan;
mod program;
mod roofline;

use std::sync::Arc;

use ocelli_kernels::{Factors, Isa, Pool};

use crate::{Error, Executor, Graph, Precision, Program, Result, passes};
#[cfg(any(feature = "wgpu", feature = "cuda"))]
pub(crate) use fold::constants as fold_constants;
use packs::Packs;
pub use roofline::Roofline;

/// The executor of the processor. Clones and programs share its threads and packed weights.
#[derive(Clone)]
pub struct CpuExecutor {
    isa: Isa,
    factors: Factors,
    pool: Arc<Pool>,
    packs: Arc<Packs>,
}

impl CpuExecutor {
    /// An executor on `threads` threads, or on as many as the machine has cores for 0, with the widest instruction set of
    /// the machine unless `OCELLI_ISA` names another.
    ///
    /// # Errors
    /// [`Error::Isa`] when `OCELLI_ISA` asks for what the machine cannot run.
    pub fn new(threads: usize) -> Result<CpuExecutor> {
        Ok(CpuExecutor::with_isa(threads, Isa::chosen()?))
    }

    /// An executor on `threads` threads (0: one for each core) with the instruction set `isa`, or plain Rust where the
    /// machine lacks it.
    pub fn with_isa(threads: usize, isa: Isa) -> CpuExecutor {
        let threads = match threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let isa = if isa.is_available() { isa } else { Isa::Scalar };
        let (factors, pool) = (Factors::F32, Arc::new(Pool::new(threads)));
        CpuExecutor { isa, factors, pool, packs: Arc::default() }
    }

    /// The same in another precision. [`Precision::Bf16`] rounds what linear layers and most convolutions multiply, and what is
    /// added to their products where all readers multiply or add it. Sums of products stay `f32`, and all else does.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other precisions.
    pub fn with_precision(self, precision: Precision) -> Result<CpuExecutor> {
        let factors = match precision {
            Precision::F32 => Factors::F32,
            Precision::Bf16 => Factors::Bf16,
            other => {
                let what = format!("precision {} (f32 and bf16 are there)", other.name());
                return Err(Error::Unsupported { executor: "cpu", what });
            }
        };
        Ok(CpuExecutor { factors, ..self })
    }

    /// The instruction set that kernels run with.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Threads that take part in a run.
    pub fn threads(&self) -> usize {
        self.pool.threads()
    }
}

impl Executor for CpuExecutor {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn compile(&self, graph: &Graph) -> Result<Arc<dyn Program>> {
        graph.check_types()?;
        let graph = fold::constants(self, passes::optimise(graph))?;
        Ok(Arc::new(self.program(&graph)?))
    }
}

impl CpuExecutor {
    fn program(&self, graph: &Graph) -> Result<program::CpuProgram> {
        let lowered = lower::lower(graph, self)?;
        Ok(program::CpuProgram::new(graph, lowered, self.isa, Arc::clone(&self.pool)))
    }
}

//! The executor on Burn: one lowering of the graph for every backend that Burn has, of which `wgpu` (Vulkan, Metal, DX12)
//! and `cuda` are built here.
//!
//! Weights go up once and are shared by all programs of an executor; values stay on the device from the inputs to the
//! outputs. Values are channels-last as in the graph; convolutions see them through permuted views.
//!
//! The first device that is opened adds a panic hook to the process, which notices panics of the threads that Burn gives to
//! devices and calls whatever hook there was.

mod arithmetic;
mod array;
mod conv;
#[cfg(feature = "cuda")]
mod cuda;
mod faults;
mod image;
mod kernels;
mod layout;
mod library;
mod linear;
mod norm;
mod sample;
mod select;
#[cfg(feature = "wgpu")]
mod wgpu;

use std::sync::Arc;

use crate::cpu::fold_constants;
use crate::eager::{EagerProgram, Library};
use crate::{Executor, Graph, Precision, Program, Result, passes};
use kernels::Kernels;
use library::Burn;

#[cfg(feature = "cuda")]
pub use cuda::{CudaInfo, cuda, cuda_devices};
#[cfg(feature = "wgpu")]
pub use wgpu::{AdapterInfo, adapters, wgpu};

/// An executor on a device of the backend `B`. Its programs share weights.
struct BurnExecutor<B: Kernels> {
    library: Arc<Burn<B>>,
}

impl<B: Kernels> BurnExecutor<B> {
    fn new(
        device: (&'static str, B::Device),
        largest: u64,
        precision: Precision,
    ) -> Result<BurnExecutor<B>> {
        Ok(BurnExecutor { library: Arc::new(Burn::new(device, largest, precision)?) })
    }
}

impl<B: Kernels> Executor for BurnExecutor<B> {
    fn name(&self) -> &'static str {
        self.library.name()
    }

    fn compile(&self, graph: &Graph) -> Result<Arc<dyn Program>> {
        graph.check_types()?;
        let graph = fold_constants(&self.library.host, passes::optimise(graph))?;
        let library = Arc::clone(&self.library);
        Ok(Arc::new(self.library.watched(|| EagerProgram::new(graph, library))?))
    }
}

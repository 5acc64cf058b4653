//! The executor on candle: an independent reference that the other executors are tested against.
//!
//! Each operation is written from its definition, on candle's tensors where candle has what it takes and as a plain loop
//! where it has not. Nothing is fused, packed or planned, and no kernel of ocelli is used.

mod arithmetic;
mod attention;
mod conv;
mod deformable;
mod host;
mod layout;
mod linear;
mod norm;
mod pool;
mod resize;
mod sample;
mod select;
mod step;
#[cfg(test)]
mod tests;
mod weights;

use std::sync::Arc;

use candle_core::{Device, Tensor};

use crate::eager::{Constants, EagerProgram, Library};
use crate::op::Op;
use crate::{Error, Executor, Graph, Program, Result, Shape};

const NAME: &str = "candle";

/// The executor on candle's processor backend. Its programs share nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct CandleExecutor;

impl CandleExecutor {
    /// An executor on as many threads as candle chooses.
    pub fn new() -> CandleExecutor {
        CandleExecutor
    }
}

impl Executor for CandleExecutor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compile(&self, graph: &Graph) -> Result<Arc<dyn Program>> {
        graph.check_types()?;
        Ok(Arc::new(EagerProgram::new(graph.clone(), Arc::new(Candle))?))
    }
}

struct Candle;

impl Library for Candle {
    type Array = Tensor;

    fn upload(&self, shape: Shape, values: &[f32]) -> Result<Tensor> {
        Tensor::from_slice(values, &*shape, &Device::Cpu).map_err(failed)
    }

    fn download(&self, array: &Tensor) -> Result<Vec<f32>> {
        host::floats(array).map_err(failed)
    }

    fn extents(&self, array: &Tensor) -> Vec<usize> {
        array.dims().to_vec()
    }

    fn run(
        &self,
        op: &Op,
        operands: Vec<Tensor>,
        shapes: &[Shape],
        constants: &Constants<Tensor>,
    ) -> Result<Vec<Tensor>> {
        step::run(op, &operands, shapes, &weights::Weights(constants)).map_err(failed)
    }
}

fn failed(cause: candle_core::Error) -> Error {
    Error::Backend { executor: NAME, cause: Box::new(cause) }
}

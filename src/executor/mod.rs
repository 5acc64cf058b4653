//! What networks are compiled by.

mod describing;
mod recording;

use std::sync::Arc;

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::{Executor, Precision};

pub(crate) use describing::Describing;
pub(crate) use recording::Recording;

use crate::{Device, Error};

/// The executor of a device, on `threads` threads (0: one for each core).
pub(crate) fn executor(
    device: Device,
    threads: usize,
    precision: Precision,
) -> Result<Arc<dyn Executor>, Error> {
    match device.resolve()? {
        #[cfg(feature = "wgpu")]
        Device::Wgpu(index) => Ok(ocelli_engine::burn::wgpu(index, precision)?),
        #[cfg(feature = "cuda")]
        Device::Cuda(index) => Ok(ocelli_engine::burn::cuda(index, precision)?),
        _ => Ok(Arc::new(CpuExecutor::new(threads)?.with_precision(precision)?)),
    }
}

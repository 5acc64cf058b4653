//! Devices of NVIDIA behind CUDA, whose libraries are looked for when they are needed.

use std::sync::Arc;

use burn_cuda::{Cuda, CudaDevice};
use cudarc::driver::{result, sys};

use super::BurnExecutor;
use crate::{Error, Executor, Precision, Result};

/// What is known of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaInfo {
    /// `NVIDIA H100 PCIe`.
    pub name: String,
    /// Bytes of memory.
    pub memory: usize,
    /// The version of CUDA that the driver is for, 12.4 as 12040.
    pub driver: i32,
}

/// The devices of this machine.
///
/// # Errors
/// [`Error::Device`] where there is no driver, or no compiler of kernels, or the driver fails.
pub fn cuda_devices() -> Result<Vec<CudaInfo>> {
    // SAFETY: looking for a library runs its initialisers, and those of the driver and of the compiler have no conditions.
    let (driver, compiler) =
        unsafe { (sys::is_culib_present(), cudarc::nvrtc::sys::is_culib_present()) };
    if !driver {
        return Err(refused("cuda", "there is no driver (libcuda) on this machine"));
    }
    if !compiler {
        return Err(refused("cuda", "there is no compiler of kernels (libnvrtc) on this machine"));
    }
    let failed = |error: result::DriverError| refused("cuda", &format!("{error:?}"));
    result::init().map_err(failed)?;
    let count = result::device::get_count().map_err(failed)?;
    (0..count).map(|index| info(index).map_err(failed)).collect()
}

fn info(index: i32) -> Result<CudaInfo, result::DriverError> {
    let device = result::device::get(index)?;
    // SAFETY: the device was just handed out by the driver.
    let memory = unsafe { result::device::total_mem(device)? };
    let mut driver = 0;
    // SAFETY: the driver writes one number.
    unsafe { sys::cuDriverGetVersion(&raw mut driver).result()? };
    Ok(CudaInfo { name: result::device::get_name(device)?, memory, driver })
}

/// An executor on device `index` of [`cuda_devices`], in `f32`, `f16` or `bf16`.
///
/// # Errors
/// As [`cuda_devices`], and where there is no such device; [`Error::Unsupported`] for other precisions.
pub fn cuda(index: usize, precision: Precision) -> Result<Arc<dyn Executor>> {
    let devices = cuda_devices()?;
    let Some(info) = devices.get(index) else {
        let what = match devices.len() {
            0 => "the driver knows no device".to_owned(),
            count => format!("the devices are numbered 0 to {}", count - 1),
        };
        return Err(refused(&format!("cuda:{index}"), &what));
    };
    let device = ("cuda", CudaDevice { index });
    Ok(Arc::new(BurnExecutor::<Cuda<f32, i32>>::new(device, info.memory as u64, precision)?))
}

fn refused(device: &str, what: &str) -> Error {
    Error::Device { device: device.to_owned(), what: what.to_owned() }
}

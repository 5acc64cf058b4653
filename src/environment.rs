//! What this machine and this build offer, for bug reports.

use std::path::PathBuf;

use ocelli_engine::cpu::CpuExecutor;
use serde::Serialize;

use crate::{Cache, Device, Error, variables};

/// What can be built in or left out, and whether it is in this build.
const FEATURES: [(&str, bool); 3] = [
    ("hub", cfg!(feature = "hub")),
    ("wgpu", cfg!(feature = "wgpu")),
    ("cuda", cfg!(feature = "cuda")),
];

/// The variables that change what ocelli does. None of them holds a secret.
const VARIABLES: &[&str] = &[
    "OCELLI_CACHE",
    "INFERENCE_HOME",
    "XDG_CACHE_HOME",
    "OFFLINE_MODE",
    "OCELLI_ISA",
    "DEFAULT_DEVICE",
    "HF_ENDPOINT",
    "HF_HOME",
    "SSL_CERT_FILE",
];

/// A description of the machine and the build.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// This crate's version.
    pub version: &'static str,
    /// Operating system.
    pub os: &'static str,
    /// Processor family.
    pub architecture: &'static str,
    /// The processor's name, where the system tells it.
    pub processor: Option<String>,
    /// The instruction set that kernels run with.
    pub instruction_set: &'static str,
    /// Threads used unless told otherwise.
    pub threads: usize,
    /// Memory in mebibytes, where the system tells it.
    pub memory_mb: Option<u64>,
    /// Devices that can be asked for.
    pub devices: Vec<DeviceDescription>,
    /// Features this crate was built with.
    pub features: Vec<&'static str>,
    /// Where downloaded checkpoints lie.
    pub cache: Option<PathBuf>,
    /// Whether the network is off.
    pub offline: bool,
    /// Variables that are set and matter.
    pub variables: Vec<(&'static str, String)>,
}

/// A device that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceDescription {
    /// How it is asked for: `cpu`, `wgpu:0`.
    pub device: String,
    /// What it is, or why there is none.
    pub description: String,
}

impl Environment {
    /// Looks at this process and its machine.
    ///
    /// # Errors
    /// A variable has a value without a meaning.
    pub fn describe() -> Result<Environment, Error> {
        let executor = CpuExecutor::new(0)?;
        let set = |name: &&'static str| Some((*name, std::env::var(name).ok()?));
        Ok(Environment {
            version: env!("CARGO_PKG_VERSION"),
            os: std::env::consts::OS,
            architecture: std::env::consts::ARCH,
            processor: processor(),
            instruction_set: executor.isa().name(),
            threads: executor.threads(),
            memory_mb: memory_mb(),
            devices: devices(),
            features: FEATURES.iter().filter(|(_, built)| *built).map(|(name, _)| *name).collect(),
            cache: Cache::from_env().ok().map(|cache| cache.root().to_owned()),
            offline: variables::offline()?,
            variables: VARIABLES.iter().filter_map(set).collect(),
        })
    }
}

/// The processor, and what the features of this build find.
fn devices() -> Vec<DeviceDescription> {
    let cpu = processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let mut devices = vec![described(&Device::Cpu.to_string(), cpu)];
    devices.extend(wgpu_devices());
    devices.extend(cuda_devices());
    devices
}

fn described(device: &str, description: String) -> DeviceDescription {
    DeviceDescription { device: device.to_owned(), description }
}

#[cfg(feature = "wgpu")]
fn wgpu_devices() -> Vec<DeviceDescription> {
    let has = |what: &'static str, has: bool| if has { what } else { "" };
    let one = |(index, adapter): (usize, ocelli_engine::burn::AdapterInfo)| {
        let description = format!(
            "{} ({}, {}, {}), buffers to {} MiB{}{}",
            adapter.name,
            adapter.kind,
            adapter.interface,
            adapter.driver,
            adapter.largest_buffer >> 20,
            has(", f16", adapter.f16),
            has(", subgroups", adapter.subgroups),
        );
        described(&Device::Wgpu(index).to_string(), description)
    };
    let found: Vec<_> = ocelli_engine::burn::adapters().into_iter().enumerate().map(one).collect();
    if found.is_empty() { vec![described("wgpu", "no adapter".to_owned())] } else { found }
}

#[cfg(not(feature = "wgpu"))]
fn wgpu_devices() -> Vec<DeviceDescription> {
    Vec::new()
}

#[cfg(feature = "cuda")]
fn cuda_devices() -> Vec<DeviceDescription> {
    let one = |(index, device): (usize, ocelli_engine::burn::CudaInfo)| {
        let (major, minor, mb) =
            (device.driver / 1000, device.driver % 1000 / 10, device.memory >> 20);
        let description = format!("{}, {mb} MiB, driver for CUDA {major}.{minor}", device.name);
        described(&Device::Cuda(index).to_string(), description)
    };
    match ocelli_engine::burn::cuda_devices() {
        Ok(found) => found.into_iter().enumerate().map(one).collect(),
        Err(ocelli_engine::Error::Device { what, .. }) => vec![described("cuda", what)],
        Err(error) => vec![described("cuda", error.to_string())],
    }
}

#[cfg(not(feature = "cuda"))]
fn cuda_devices() -> Vec<DeviceDescription> {
    Vec::new()
}

fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    field(&info, "model name").map(str::to_owned)
}

fn memory_mb() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = field(&info, "MemTotal")?.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(kilobytes / 1024)
}

/// The value of the first line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2: GHz\nMemTotal:  2048 kB\n";
        assert_eq!(field(text, "model name"), Some("A CPU @ 2: GHz"));
        assert_eq!(field(text, "MemTotal"), Some("2048 kB"));
        assert_eq!(field(text, "none"), None);
    }
}

//! Devices behind Vulkan, Metal and DX12.

use std::sync::Arc;

use burn_wgpu::{CubeBackend, RuntimeOptions, WgpuDevice, WgpuRuntime, WgpuSetup, init_device};
use wgpu::{Adapter, Backends, Device, Features, Instance, InstanceDescriptor, Queue};

use super::BurnExecutor;
use crate::{Error, Executor, Precision, Result};

type Backend = CubeBackend<WgpuRuntime, f32, i32, u32>;

/// What is known of an adapter: a device behind one of the system's interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterInfo {
    /// `NVIDIA H100 PCIe`, `llvmpipe`.
    pub name: String,
    /// `vulkan`, `metal`, `dx12`.
    pub interface: String,
    /// `discrete GPU`, `integrated GPU`, `virtual GPU`, `CPU`.
    pub kind: &'static str,
    /// The driver and its version.
    pub driver: String,
    /// Bytes of the largest buffer that one operation can see.
    pub largest_buffer: u64,
    /// Whether it computes with `f16`.
    pub f16: bool,
    /// Whether threads exchange values within a group.
    pub subgroups: bool,
}

/// The adapters of this machine, faster kinds first. Empty where there is no driver.
pub fn adapters() -> Vec<AdapterInfo> {
    found().1.iter().map(AdapterInfo::of).collect()
}

/// An executor on adapter `index` of [`adapters`], in `f32` or `f16`.
///
/// # Errors
/// [`Error::Device`] where there is no such adapter, it refuses to be used, or does not compute with `f16`;
/// [`Error::Unsupported`] for other precisions.
pub fn wgpu(index: usize, precision: Precision) -> Result<Arc<dyn Executor>> {
    let (device, largest) = open(index, precision)?;
    Ok(Arc::new(BurnExecutor::<Backend>::new(("wgpu", device), largest, precision)?))
}

/// The device, and how many bytes its largest buffer has.
fn open(index: usize, precision: Precision) -> Result<(WgpuDevice, u64)> {
    let (instance, adapters) = found();
    let count = adapters.len();
    let refused = |what: String| Error::Device { device: format!("wgpu:{index}"), what };
    let adapter = adapters.into_iter().nth(index).ok_or_else(|| {
        refused(match count {
            0 => "there is no adapter (no driver for Vulkan, Metal or DX12?)".to_owned(),
            count => format!("the adapters are numbered 0 to {}", count - 1),
        })
    })?;
    if precision == Precision::F16 && !adapter.features().contains(Features::SHADER_F16) {
        return Err(refused(format!("{} does not compute with f16", adapter.get_info().name)));
    }
    let (device, queue) = request(&adapter).map_err(|error| refused(error.to_string()))?;
    let backend = adapter.get_info().backend;
    let largest = adapter.limits().max_storage_buffer_binding_size;
    let setup = WgpuSetup { instance, adapter, device, queue, backend };
    Ok((init_device(setup, RuntimeOptions::default()), largest))
}

fn found() -> (Instance, Vec<Adapter>) {
    let backends = Backends::VULKAN | Backends::METAL | Backends::DX12;
    let descriptor = InstanceDescriptor::new_without_display_handle();
    let instance = Instance::new(InstanceDescriptor { backends, ..descriptor });
    let mut adapters = pollster::block_on(instance.enumerate_adapters(backends));
    adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));
    (instance, adapters)
}

fn request(adapter: &Adapter) -> Result<(Device, Queue), wgpu::RequestDeviceError> {
    let descriptor = wgpu::DeviceDescriptor {
        required_features: adapter.features()
            - Features::MAPPABLE_PRIMARY_BUFFERS
            - Features::all_experimental_mask(),
        required_limits: adapter.limits(),
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        ..wgpu::DeviceDescriptor::default()
    };
    pollster::block_on(adapter.request_device(&descriptor))
}

/// By rank.
const KINDS: [&str; 5] = ["discrete GPU", "integrated GPU", "virtual GPU", "other device", "CPU"];

fn rank(kind: wgpu::DeviceType) -> usize {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

impl AdapterInfo {
    /// Whether it is a graphics card, and not a program that stands in for one.
    pub fn is_gpu(&self) -> bool {
        self.kind != KINDS[4]
    }

    fn of(adapter: &Adapter) -> AdapterInfo {
        let (info, features, limits) = (adapter.get_info(), adapter.features(), adapter.limits());
        AdapterInfo {
            kind: KINDS[rank(info.device_type)],
            interface: info.backend.to_string(),
            driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
            name: info.name,
            largest_buffer: limits.max_storage_buffer_binding_size,
            f16: features.contains(Features::SHADER_F16),
            subgroups: features.contains(Features::SUBGROUP),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::faults::Watch;
    use super::*;
    use crate::Graph;

    #[test]
    fn what_a_thread_of_the_device_refuses_is_an_error() {
        let (device, largest) = open(0, Precision::F32).unwrap();
        let executor =
            BurnExecutor::<Backend>::new(("wgpu", device), u64::MAX, Precision::F32).unwrap();
        let mut g = Graph::new();
        let x = g.input("x", &[1, 4]).unwrap();
        let wide = g.expand(x, &[largest as usize / 8, 4]).unwrap();
        let y = g.mul(wide, wide).unwrap();
        let y = g.slice(y, 0, 0..2).unwrap();
        g.output("y", y);
        let mut session = executor.compile(&g).unwrap().session().unwrap();
        let (other, _) = open(0, Precision::F32).unwrap();
        let bystander = Watch::of(&other);
        let error = session.run().unwrap_err();
        assert!(matches!(error, Error::Backend { executor: "wgpu", .. }), "{error}");
        assert_eq!(bystander.since(0), None);
    }

    #[test]
    fn scores_that_exceed_a_buffer_are_made_in_parts() {
        let mut g = Graph::new();
        let [q, k, v] = ["q", "k", "v"].map(|name| {
            let tokens = if name == "q" { 6 } else { 10 };
            g.input(name, &[1, tokens, 8]).unwrap()
        });
        let mask = g.input("mask", &[6, 10]).unwrap();
        let y = g.masked_attention(q, k, v, mask, 2).unwrap();
        g.output("y", y);
        // Keys have 320 bytes, all scores 480.
        let (device, _) = open(0, Precision::F32).unwrap();
        let parts = BurnExecutor::<Backend>::new(("wgpu", device), 330, Precision::F32).unwrap();
        let whole = crate::cpu::CpuExecutor::new(1).unwrap();
        let executors: [&dyn Executor; 2] = [&whole, &parts];
        let [whole, parts] = executors.map(|executor| {
            let mut session = executor.compile(&g).unwrap().session().unwrap();
            for input in 0..4 {
                let numbers = session.input(input).unwrap().iter_mut().enumerate();
                numbers.for_each(|(i, x)| *x = (i as f32 + input as f32).sin());
            }
            session.run().unwrap();
            session.output(0).unwrap().to_vec()
        });
        assert!(whole.iter().zip(&parts).all(|(a, b)| (a - b).abs() < 1e-5), "{whole:?} {parts:?}");
    }
}

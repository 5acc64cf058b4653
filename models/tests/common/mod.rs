//! What tests of several architectures share.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part")]

use std::sync::{Arc, OnceLock};

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::{Executor, Precision, Result};

pub mod comparison;
pub mod formula;
pub mod golden;
pub mod loading;
pub mod rfdetr;
pub mod served;
pub mod stages;
pub mod yolo;

#[path = "../../../tests/common/shared.rs"]
mod lent;
pub(crate) use lent::shared;

/// What networks are run on where `OCELLI_TEST_DEVICE` says nothing: one thread, as tests run beside each other, or the first
/// adapter, be it a graphics card or Mesa's software driver.
const DEVICE: &str = if cfg!(any(feature = "wgpu", feature = "cuda")) { "wgpu" } else { "cpu:1" };

/// What networks are run on: one executor for all tests where it is a device, and where it is the processor one for each,
/// whose packed weights go with it.
pub fn executor() -> Arc<dyn Executor> {
    static SHARED: OnceLock<Arc<dyn Executor>> = OnceLock::new();
    let named = |variable, usual: &str| std::env::var(variable).unwrap_or_else(|_| usual.into());
    let name = named("OCELLI_TEST_DEVICE", DEVICE);
    let make = || device(&name, precision_of(&named(golden::PRECISION, "f32"))).unwrap();
    if name.starts_with("cpu") { make() } else { Arc::clone(SHARED.get_or_init(make)) }
}

/// The executor on `cpu:THREADS`, `wgpu:1` or `cuda:0`, as far as the features of this build go.
pub fn device(name: &str, precision: Precision) -> Result<Arc<dyn Executor>> {
    let (kind, index) = name.split_once(':').unwrap_or((name, "0"));
    let index: usize = index.parse().unwrap();
    match kind {
        "cpu" => Ok(Arc::new(CpuExecutor::new(index)?.with_precision(precision)?)),
        #[cfg(feature = "wgpu")]
        "wgpu" => ocelli_engine::burn::wgpu(index, precision),
        #[cfg(feature = "cuda")]
        "cuda" => ocelli_engine::burn::cuda(index, precision),
        _ => panic!("`{name}` is no device of this build"),
    }
}

/// `f32`, `f16` or `bf16`.
pub fn precision_of(name: &str) -> Precision {
    match name {
        "f32" => Precision::F32,
        "f16" => Precision::F16,
        "bf16" => Precision::Bf16,
        other => panic!("`{other}` is no precision"),
    }
}

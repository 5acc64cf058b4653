//! What tests of several architectures share.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part")]

use std::sync::Arc;

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

/// What networks are run on.
#[cfg(not(any(feature = "wgpu", feature = "cuda")))]
pub fn executor() -> Arc<dyn Executor> {
    device("cpu:1", Precision::F32).unwrap()
}

/// What networks are run on: the device that `OCELLI_TEST_DEVICE` names or the first adapter, be it a graphics card or Mesa's
/// software driver, in all tests of a process.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
pub fn executor() -> Arc<dyn Executor> {
    static EXECUTOR: std::sync::LazyLock<Arc<dyn Executor>> = std::sync::LazyLock::new(|| {
        let named =
            |variable, usual: &str| std::env::var(variable).unwrap_or_else(|_| usual.into());
        let precision = named(golden::PRECISION, "f32");
        device(&named("OCELLI_TEST_DEVICE", "wgpu"), precision_of(&precision)).unwrap()
    });
    Arc::clone(&EXECUTOR)
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

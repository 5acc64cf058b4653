//! What tests of several architectures share.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test uses a part")]

use std::sync::Arc;

use ocelli_engine::Executor;

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
#[cfg(not(feature = "wgpu"))]
pub fn executor() -> Arc<dyn Executor> {
    Arc::new(ocelli_engine::cpu::CpuExecutor::new(1).unwrap())
}

/// What networks are run on: whatever is the first adapter, a graphics card or Mesa's software driver, in all tests of a
/// process.
#[cfg(feature = "wgpu")]
pub fn executor() -> Arc<dyn Executor> {
    static EXECUTOR: std::sync::LazyLock<Arc<dyn Executor>> = std::sync::LazyLock::new(|| {
        ocelli_engine::burn::wgpu(0, ocelli_engine::Precision::F32).unwrap()
    });
    Arc::clone(&EXECUTOR)
}

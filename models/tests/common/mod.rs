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
pub fn executor() -> Arc<dyn Executor> {
    Arc::new(ocelli_engine::cpu::CpuExecutor::new(1).unwrap())
}

//! What tests of several architectures share.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ocelli_engine::Executor;

pub mod formula;
pub mod golden;
pub mod rfdetr;
pub mod yolo;

/// What networks are run on.
pub fn executor() -> Arc<dyn Executor> {
    Arc::new(ocelli_engine::cpu::CpuExecutor::new(1).unwrap())
}

/// The folder with lent weights and pictures, if it is there.
pub fn shared() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = ["../shared", "../../shared"].map(|path| root.join(path));
    let found = found.into_iter().find(|path| path.join("weights").is_dir());
    if found.is_none() {
        eprintln!("skipped: there is no folder `../shared` with weights and pictures");
        assert!(std::env::var_os("OCELLI_REQUIRE_SHARED").is_none(), "../shared is required");
    }
    found
}

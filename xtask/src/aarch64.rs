//! What the tests on another processor cannot see: the NEON kernels, built for it and run under emulation.

use std::path::Path;

use anyhow::Result;

use crate::ci::{Step, steps};

/// Names of the tools as distributions give them.
const TOOLS: &[(&str, &str)] = &[
    ("CARGO_BUILD_TARGET", "aarch64-unknown-linux-gnu"),
    ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc"),
    ("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", "qemu-aarch64"),
    ("QEMU_LD_PREFIX", "/usr/aarch64-linux-gnu"),
];

const STEPS: &[Step] = &[
    ("kernels on NEON", TOOLS, &["test", "-p", "ocelli-kernels"]),
    ("engine on NEON", TOOLS, &["test", "-p", "ocelli-engine"]),
    ("clippy for aarch64", TOOLS, &["clippy", "--workspace", "--", "-D", "warnings"]),
];

/// Runs all steps, stops at the first that fails.
pub(crate) fn run(root: &Path) -> Result<()> {
    steps(root, STEPS)
}

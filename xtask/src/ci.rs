//! Everything that has to pass, the cheapest first.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

/// A name, the environment, and the arguments of `cargo`.
pub(crate) type Step =
    (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

const STEPS: &[Step] = &[
    ("format", &[], &["fmt", "--all", "--check"]),
    ("tidy", &[], &["run", "--quiet", "--package", "xtask", "--", "tidy"]),
    (
        "clippy",
        &[],
        &["clippy", "--workspace", "--all-targets", "--features", "candle", "--", "-D", "warnings"],
    ),
    ("docs", &[("RUSTDOCFLAGS", "-D warnings")], &["doc", "--workspace", "--no-deps"]),
    ("tests", &[], &["test", "--workspace"]),
    (
        "fuzz targets",
        &[],
        &["check", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz"],
    ),
    (
        "operations against candle",
        &[],
        &["test", "-p", "ocelli-engine", "--features", "candle", "--test", "ops"],
    ),
    (
        "kernels in plain Rust",
        &[("OCELLI_ISA", "scalar")],
        &["test", "-p", "ocelli-engine", "--features", "candle", "--test", "ops"],
    ),
    (
        "kernels on AVX2",
        &[("OCELLI_ISA", "avx2")],
        &["test", "-p", "ocelli-engine", "--features", "candle", "--test", "ops"],
    ),
    ("instructions", &[], &["run", "--quiet", "--package", "xtask", "--", "instructions"]),
    (
        "the largest networks, whole",
        &[],
        &[
            "test",
            "--release",
            "-p",
            "ocelli-models",
            "--test",
            "clip_stages",
            "--test",
            "vit_stages",
            "--test",
            "dinov3_stages",
            "--test",
            "depth_anything_stages",
            "--",
            "--ignored",
            "--test-threads",
            "1",
        ],
    ),
];

/// Runs all steps, stops at the first that fails.
pub(crate) fn run(root: &Path) -> Result<()> {
    steps(root, STEPS)
}

/// Runs `steps`, stops at the first that fails.
pub(crate) fn steps(root: &Path, steps: &[Step]) -> Result<()> {
    for (name, environment, arguments) in steps {
        let start = Instant::now();
        eprintln!("== {name}: cargo {}", arguments.join(" "));
        let status = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()))
            .args(*arguments)
            .envs(environment.iter().copied())
            .current_dir(root)
            .status()?;
        if !status.success() {
            bail!("{name} failed: cargo {}", arguments.join(" "));
        }
        eprintln!("== {name}: {:.0} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

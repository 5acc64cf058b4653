//! Everything that has to pass, the cheapest first.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

/// A name, the environment, and the arguments of `cargo`.
pub(crate) type Step =
    (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// The processor against candle, built as the steps on Burn are.
const OPERATIONS: &[&str] =
    &["test", "-p", "ocelli-engine", "--features", "candle,wgpu", "--test", "ops", "--", "agrees"];

/// Some networks of each family on Mesa's software driver, which is slow.
#[rustfmt::skip]
const NETWORKS: &[&str] = &[
    "test", "-p", "ocelli-engine", "-p", "ocelli-models",
    "--features", "ocelli-engine/candle,ocelli-models/wgpu", "--tests", "--", "--exact",
    "resnet18", "resnet50", "vit_tiny", "vit_tiny_96x64", "dinov2_small_with_registers", "tiny",
    "small_plus_of_timm", "probe", "metric", "of_the_authors", "third_small", "vit_b_32",
    "vit_b_32_text", "rn50", "rn50_text", "pe_core_t16_384", "mobilenet_v2", "efficientnet_b0",
    "v3_tiny", "v5_anchors", "v8", "v8_seg", "v10n", "v11", "v11_pose", "v11_obb", "v12", "v26",
    "v26_cls", "rtdetr_l", "nano", "seg_nano", "sem_nano", "keypoint_preview", "edge_s", "v2_n",
    "small", "resnet50_pascal",
];

const STEPS: &[Step] = &[
    ("format", &[], &["fmt", "--all", "--check"]),
    ("tidy", &[], &["run", "--quiet", "--package", "xtask", "--", "tidy"]),
    (
        "clippy",
        &[],
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--features",
            "candle,wgpu,cuda",
            "--",
            "-D",
            "warnings",
        ],
    ),
    ("docs", &[("RUSTDOCFLAGS", "-D warnings")], &["doc", "--workspace", "--no-deps"]),
    ("tests", &[], &["test", "--workspace"]),
    (
        "fuzz targets",
        &[],
        &["check", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz"],
    ),
    ("operations against candle", &[], OPERATIONS),
    ("kernels in plain Rust", &[("OCELLI_ISA", "scalar")], OPERATIONS),
    ("kernels on AVX2", &[("OCELLI_ISA", "avx2")], OPERATIONS),
    (
        "operations and devices on wgpu",
        &[],
        &[
            "test",
            "-p",
            "ocelli-engine",
            "--features",
            "candle,wgpu",
            "--lib",
            "--test",
            "ops",
            "--test",
            "devices",
        ],
    ),
    ("networks on wgpu", &[], NETWORKS),
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

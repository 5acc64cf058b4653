//! Everything that has to pass, the cheapest first.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

/// A name, the environment, and the arguments of `cargo`.
pub(crate) type Step =
    (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// All that is optional, so that lints, documents and what they are checked against are compiled once.
const EVERYTHING: &str = "candle,wgpu,cuda";

/// The processor against candle, built as the steps on Burn are.
#[rustfmt::skip]
const OPERATIONS: &[&str] = &[
    "test", "-p", "ocelli-engine", "-p", "ocelli-models",
    "--features", "ocelli-engine/candle,ocelli-models/wgpu", "--test", "ops", "--", "agrees",
];

/// Operations, and devices that are shared or not there, on Mesa's software driver.
#[rustfmt::skip]
const DEVICES: &[&str] = &[
    "test", "-p", "ocelli-engine", "-p", "ocelli-models",
    "--features", "ocelli-engine/candle,ocelli-models/wgpu",
    "--lib", "--test", "ops", "--test", "devices", "--", "--skip", "agrees",
];

/// Some networks of each family on the same driver, which is slow.
#[rustfmt::skip]
const NETWORKS: &[&str] = &[
    "test", "-p", "ocelli-engine", "-p", "ocelli-models",
    "--features", "ocelli-engine/candle,ocelli-models/wgpu", "--test", "networks", "--", "--exact",
    "clip_stages::pe_core_t16_384", "clip_stages::rn50", "clip_stages::rn50_text",
    "clip_stages::vit_b_32", "clip_stages::vit_b_32_text",
    "deeplab_stages::efficientnet_b0", "deeplab_stages::mobilenet_v2",
    "deeplab_stages::resnet18", "deeplab_stages::resnet50",
    "depth_anything_stages::metric", "depth_anything_stages::of_the_authors",
    "depth_anything_stages::small", "depth_anything_stages::third_small",
    "dinov3_stages::probe", "dinov3_stages::small", "dinov3_stages::small_plus_of_timm",
    "dinov3_stages::tiny",
    "resnet_stages::resnet18", "resnet_stages::resnet50",
    "rfdetr_stages::keypoint_preview", "rfdetr_stages::nano_256", "rfdetr_stages::seg_nano",
    "rfdetr_stages::sem_nano",
    "vit_stages::dinov2_small_with_registers", "vit_stages::vit_tiny",
    "vit_stages::vit_tiny_96x64",
    "yolact_stages::resnet50", "yolact_stages::resnet50_pascal",
    "yolo_stages::rtdetr_l", "yolo_stages::v10n", "yolo_stages::v11", "yolo_stages::v11_obb",
    "yolo_stages::v11_pose", "yolo_stages::v12", "yolo_stages::v26", "yolo_stages::v26_cls",
    "yolo_stages::v3_tiny", "yolo_stages::v5_anchors", "yolo_stages::v7_seg", "yolo_stages::v8",
    "yolo_stages::v8_seg",
    "yololite_stages::edge_s", "yololite_stages::v2_n", "yolonas_stages::small",
];

/// The same in `f16`, of networks whose order of results does not hang on a rounding.
#[rustfmt::skip]
const NETWORKS_IN_F16: &[&str] = &[
    "test", "-p", "ocelli-engine", "-p", "ocelli-models",
    "--features", "ocelli-engine/candle,ocelli-models/wgpu", "--test", "networks", "--", "--exact",
    "clip_stages::rn50", "clip_stages::vit_b_32", "clip_stages::vit_b_32_text",
    "deeplab_stages::mobilenet_v2", "depth_anything_stages::small", "dinov3_stages::tiny",
    "resnet_stages::resnet18", "vit_stages::vit_tiny",
    "yolo_stages::v11", "yolo_stages::v12", "yolo_stages::v26_cls", "yolo_stages::v8_seg",
];

/// What takes minutes without optimisation, and up to 16 GB: one after the other, each on all threads.
#[rustfmt::skip]
const LARGEST: &[&str] = &[
    "test", "--release", "-p", "ocelli-models", "--test", "networks", "--",
    "--ignored", "--test-threads", "1",
];

const STEPS: &[Step] = &[
    ("format", &[], &["fmt", "--all", "--check"]),
    ("tidy", &[], &["run", "--quiet", "--package", "xtask", "--", "tidy"]),
    (
        "clippy",
        &[],
        &["clippy", "--workspace", "--all-targets", "--features", EVERYTHING, "--", "-Dwarnings"],
    ),
    (
        "docs",
        &[("RUSTDOCFLAGS", "-Dwarnings")],
        &["doc", "--workspace", "--no-deps", "--features", EVERYTHING],
    ),
    ("tests", &[], &["test", "--workspace"]),
    (
        "fuzz targets",
        &[],
        &["check", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz"],
    ),
    ("operations against candle", &[], OPERATIONS),
    ("kernels in plain Rust", &[("OCELLI_ISA", "scalar")], OPERATIONS),
    ("kernels on AVX2", &[("OCELLI_ISA", "avx2")], OPERATIONS),
    ("operations and devices on wgpu", &[], DEVICES),
    ("networks on wgpu", &[], NETWORKS),
    ("networks on wgpu in f16", &[("OCELLI_TEST_PRECISION", "f16")], NETWORKS_IN_F16),
    ("instructions", &[], &["run", "--quiet", "--package", "xtask", "--", "instructions"]),
    ("the largest networks, whole", &[("OCELLI_TEST_DEVICE", "cpu:0")], LARGEST),
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

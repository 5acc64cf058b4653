//! Random graphs, run by two executors that have nothing in common: candle and each of ocelli's own.
//!
//! `max|a - b| <= 1e-4 * max|b|` for every output, 1e-3 on Burn; indices exactly.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used, reason = "a test")]

#[path = "ops/arithmetic.rs"]
mod arithmetic;
#[path = "ops/attention.rs"]
mod attention;
#[path = "ops/chains.rs"]
mod chains;
#[path = "ops/conv.rs"]
mod conv;
#[path = "ops/edges.rs"]
mod edges;
#[path = "ops/image.rs"]
mod image;
#[path = "ops/layout.rs"]
mod layout;
#[path = "ops/linear.rs"]
mod linear;
#[path = "ops/maker.rs"]
mod maker;
#[path = "ops/networks.rs"]
mod networks;
#[path = "ops/norm.rs"]
mod norm;
#[path = "ops/random.rs"]
mod random;
#[path = "ops/select.rs"]
mod select;
mod support;
#[path = "ops/views.rs"]
mod views;

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use maker::{Case, Maker};
#[cfg(any(feature = "wgpu", feature = "cuda"))]
use ocelli_engine::Precision;
use ocelli_engine::candle::CandleExecutor;
use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::{Executor, Program};
use support::{TOLERANCE, difference, run, run_in};

/// Random graphs of each case.
const SEEDS: u64 = 24;

const FAMILIES: [(&str, &[Case]); 12] = [
    ("arithmetic", arithmetic::CASES),
    ("attention", attention::CASES),
    ("chains", chains::CASES),
    ("conv", conv::CASES),
    ("edges", edges::CASES),
    ("image", image::CASES),
    ("layout", layout::CASES),
    ("linear", linear::CASES),
    ("networks", networks::CASES),
    ("norm", norm::CASES),
    ("select", select::CASES),
    ("views", views::CASES),
];

/// Compares `executor` with candle on `seeds` random graphs of each case of the families `of` which it holds.
fn check(executor: &dyn Executor, of: impl Fn(&str) -> bool, seeds: u64, tolerance: f32) {
    let mut failures = Vec::new();
    for (family, cases) in FAMILIES.into_iter().filter(|(family, _)| of(family)) {
        for case in cases {
            let failed: Vec<_> =
                (0..seeds).filter_map(|seed| failure(executor, case, seed, tolerance)).collect();
            if let Some(first) = failed.first() {
                let count = failed.len();
                failures.push(format!("{family}: {} ({count} of {seeds})\n{first}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} cases fail\n\n{}", failures.len(), failures.join("\n"));
}

fn failure(executor: &dyn Executor, case: &Case, seed: u64, tolerance: f32) -> Option<String> {
    let made = Maker::make(case, seed);
    let outcome = catch_unwind(AssertUnwindSafe(|| compare(executor, &made, tolerance)));
    let what = match outcome {
        Ok(Ok(())) => return None,
        Ok(Err(what)) => what,
        Err(panic) => format!("a panic: {}", message(&*panic)),
    };
    Some(format!("seed {seed}: {what}\n{}", made.graph))
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a message")
}

fn compare(executor: &dyn Executor, made: &Maker, tolerance: f32) -> Result<(), String> {
    let described = |e: ocelli_engine::Error| e.to_string();
    let reference = CandleExecutor::new().compile(&made.graph).and_then(Program::session);
    let mut reference = reference.map_err(described)?;
    let expected = run_in(&mut *reference, &made.graph, &made.inputs).map_err(described)?;
    let found = run(executor, &made.graph, &made.inputs).map_err(described)?;
    for (((name, _), found), expected) in made.graph.outputs().iter().zip(found).zip(expected) {
        let tolerance = if name.starts_with("exact") { 0.0 } else { tolerance };
        if let Some(what) = difference(&found, &expected, tolerance) {
            return Err(format!("output {name}: {what}"));
        }
    }
    Ok(())
}

#[test]
fn the_processor_agrees_with_candle() {
    check(&CpuExecutor::new(2).unwrap(), |_| true, SEEDS, TOLERANCE);
}

#[test]
fn one_thread_agrees_with_candle() {
    check(&CpuExecutor::new(1).unwrap(), |_| true, SEEDS, TOLERANCE);
}

/// On whatever is the first adapter: a graphics card, or Mesa's software driver.
#[cfg(feature = "wgpu")]
#[test]
fn burn_on_wgpu_is_like_candle() {
    let executor =
        ocelli_engine::burn::wgpu(0, Precision::F32).expect("no adapter: install a Vulkan driver");
    check(&*executor, |_| true, 2, 1e-3);
}

#[cfg(feature = "wgpu")]
#[test]
fn burn_in_f16_is_near_candle() {
    if ocelli_engine::burn::adapters().first().is_some_and(|adapter| !adapter.f16) {
        eprintln!("skipped: the first adapter does not compute with f16");
        return;
    }
    let executor = ocelli_engine::burn::wgpu(0, Precision::F16).unwrap();
    check(&*executor, is_calm, 2, 2e-2);
}

#[cfg(feature = "cuda")]
#[test]
fn burn_on_cuda_is_like_candle() {
    if let Err(error) = ocelli_engine::burn::cuda_devices() {
        eprintln!("skipped: {error}");
        return;
    }
    let on = |precision| ocelli_engine::burn::cuda(0, precision).unwrap();
    check(&*on(Precision::F32), |_| true, 2, 1e-3);
    check(&*on(Precision::F16), is_calm, 2, 2e-2);
}

/// Families to compare in `f16`: powers and logarithms of numbers near 0 or 1 magnify what is rounded away.
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn is_calm(family: &str) -> bool {
    ["attention", "conv", "image", "linear", "networks", "norm"].contains(&family)
}

/// The names are read from the source, so that an operation without a case fails here.
#[test]
fn every_operation_has_a_case() {
    let source = include_str!("../src/op.rs");
    let names: BTreeSet<&str> = source
        .lines()
        .filter(|line| line.trim_start().starts_with("Op::"))
        .filter_map(|line| line.split('"').nth(1))
        .collect();
    assert!(names.len() >= 30, "only {names:?} were found");
    let made = FAMILIES.iter().flat_map(|(_, cases)| *cases).map(|case| Maker::make(case, 0));
    let seen: BTreeSet<&str> = made
        .flat_map(|made| made.graph.nodes().iter().map(|n| n.op.name()).collect::<Vec<_>>())
        .collect();
    let missing: Vec<_> = names.difference(&seen).collect();
    assert!(missing.is_empty(), "no case makes {missing:?}");
}

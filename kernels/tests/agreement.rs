//! Every operation gives on each instruction set what it gives in plain Rust, with one thread and with three.

#[path = "../benches/cases/mod.rs"]
mod cases;

use cases::{Case, OPERATIONS};
use ocelli_kernels::{Context, Isa, Pool};

/// Largest error, relative to the number expected or to one.
const TOLERANCE: f32 = 1e-5;
/// Floating-point operations, and bytes, of the cases that are small enough for a test.
const FLOP: usize = 1 << 21;
const BYTES: usize = 1 << 16;
/// The public modules that are no operation.
const NO_OPERATION: [&str; 5] = ["isa", "math", "pool", "roofline", "simd"];

fn is_small(case: &Case) -> bool {
    case.flop <= FLOP && case.bytes <= BYTES
}

#[test]
fn every_instruction_set_agrees_with_plain_rust() {
    for (operation, cases) in OPERATIONS {
        for case in cases().iter().filter(|case| is_small(case)) {
            let expected = result(case, Isa::Scalar, 1);
            for isa in Isa::available() {
                for threads in [1, 3] {
                    let what = format!("{operation}::{} {isa}, {threads} threads", case.name);
                    assert_agree(&result(case, isa, threads), &expected, &what);
                }
            }
        }
    }
}

fn result(case: &Case, isa: Isa, threads: usize) -> Vec<f32> {
    let pool = Pool::new(threads);
    let mut out = vec![f32::NAN; case.written];
    (case.prepare)(isa)(Context { isa, pool: &pool }, &mut out);
    out
}

fn assert_agree(found: &[f32], expected: &[f32], what: &str) {
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        let same = f.to_bits() == e.to_bits() || f.is_nan() && e.is_nan();
        let near = (f - e).abs() <= TOLERANCE * e.abs().max(1.0);
        assert!(same || near, "{what}: [{i}] is {f}, expected {e}");
    }
}

#[test]
fn every_operation_has_small_cases() {
    let named: Vec<&str> = OPERATIONS.iter().map(|(operation, _)| *operation).collect();
    let modules = include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .filter(|module| !NO_OPERATION.contains(module));
    assert_eq!(named, modules.collect::<Vec<_>>(), "benches/cases lists every operation");
    for (operation, cases) in OPERATIONS {
        assert!(cases().iter().any(is_small), "{operation}: no case is small enough for a test");
    }
}

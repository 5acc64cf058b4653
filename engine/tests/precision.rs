//! Other precisions: what is rounded, what is not, and what there is not.

#![allow(clippy::unwrap_used, reason = "a test")]

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::{Epilogue, Linear};
use ocelli_engine::{Executor, Graph, Precision, Shape, Tensor};

const WIDTH: usize = 96;

/// Numbers in `-0.5..0.5` that bf16 cannot hold.
fn number(i: usize) -> f32 {
    (i * 7919 % 1009) as f32 / 1009.0 - 0.5
}

fn tensor(dims: &[usize], values: Vec<f32>) -> Tensor {
    Tensor::from_vec(Shape::new(dims).unwrap(), values).unwrap()
}

/// A linear layer of rows, and one of a constant whose result is added.
fn graph() -> Graph {
    let mut g = Graph::new();
    let weight = |seed: usize| {
        tensor(&[WIDTH, WIDTH], (0..WIDTH * WIDTH).map(|i| number(i * 3 + seed)).collect())
    };
    let layer = |seed| Linear { weight: weight(seed), bias: None, epilogue: Epilogue::default() };
    let x = g.input("x", &[5, WIDTH]).unwrap();
    let y = g.linear_with(x, layer(1), "rows").unwrap();
    let constant = g.constant(tensor(&[1, WIDTH], (0..WIDTH).map(number).collect()));
    let shift = g.linear_with(constant, layer(2), "constant").unwrap();
    let sum = g.add(y, shift).unwrap();
    g.output("sum", sum);
    g.output("shift", shift);
    g
}

/// The outputs in a precision.
fn outputs(precision: Precision) -> [Vec<f32>; 2] {
    let executor = CpuExecutor::new(1).unwrap().with_precision(precision).unwrap();
    let mut session = executor.compile(&graph()).unwrap().session().unwrap();
    for (i, x) in session.input(0).unwrap().iter_mut().enumerate() {
        *x = number(i * 5 + 3);
    }
    session.run().unwrap();
    [session.output(0).unwrap().to_vec(), session.output(1).unwrap().to_vec()]
}

#[test]
fn bf16_rounds_factors_to_eight_bits() {
    let ([exact, shift], [rounded, rounded_shift]) =
        (outputs(Precision::F32), outputs(Precision::Bf16));
    let largest = exact.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    let error = exact.iter().zip(&rounded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(error > 0.0 && error < 0.01 * largest, "{error} of {largest}");
    assert_eq!(shift, rounded_shift, "what depends on constants alone is computed in f32");
}

#[test]
fn precisions_that_are_not_there_are_refused() {
    for precision in [Precision::F16, Precision::Int8] {
        let error = CpuExecutor::new(1).unwrap().with_precision(precision).err().unwrap();
        let error = error.to_string();
        assert!(error.contains(precision.name()) && error.contains("f32 and bf16"), "{error}");
    }
}

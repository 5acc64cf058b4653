//! Sessions of one program run at the same time and do not see each other.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::{Epilogue, Linear};
use ocelli_engine::{Executor, Graph, Program, Shape, Tensor};

const WIDTH: usize = 64;

/// `x` through three layers, each of which turns the row by one place and adds one.
fn program() -> Arc<dyn Program> {
    let mut g = Graph::new();
    let mut x = g.input("x", &[40, WIDTH]).unwrap();
    for _ in 0..3 {
        let turn = |i: usize| f32::from((i / WIDTH + 1) % WIDTH == i % WIDTH);
        let tensor = |dims: &[usize], values| Tensor::from_vec(Shape::new(dims).unwrap(), values);
        let weight = tensor(&[WIDTH, WIDTH], (0..WIDTH * WIDTH).map(turn).collect()).unwrap();
        let bias = tensor(&[WIDTH], vec![1.0; WIDTH]);
        let linear = Linear { weight, bias, epilogue: Epilogue::default() };
        x = g.linear_with(x, linear, "turn").unwrap();
    }
    g.output("y", x);
    CpuExecutor::new(2).unwrap().compile(&g).unwrap()
}

#[test]
fn concurrent_sessions_keep_their_own_numbers() {
    let program = program();
    std::thread::scope(|scope| {
        for caller in 0..4 {
            let program = Arc::clone(&program);
            scope.spawn(move || {
                let mut session = program.session().unwrap();
                for run in 0..50 {
                    let start = (caller * 1000 + run) as f32;
                    for (i, x) in session.input(0).unwrap().iter_mut().enumerate() {
                        *x = start + (i % WIDTH) as f32;
                    }
                    session.run().unwrap();
                    for (i, y) in session.output(0).unwrap().iter().enumerate() {
                        let expected = start + ((i % WIDTH + 3) % WIDTH) as f32 + 3.0;
                        assert!((y - expected).abs() < 1e-2, "{caller} {run} {i}: {y} {expected}");
                    }
                }
            });
        }
    });
}

#[test]
fn inputs_stay_from_run_to_run() {
    let mut session = program().session().unwrap();
    session.input(0).unwrap().fill(2.0);
    for _ in 0..3 {
        session.run().unwrap();
        assert!(session.output(0).unwrap().iter().all(|y| (y - 5.0).abs() < 1e-5));
    }
    assert!(session.input(1).is_err() && session.output(1).is_err());
}

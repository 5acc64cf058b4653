//! Maps that are never whole in memory are those that are.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::{Filter, Resize};
use ocelli_engine::{
    Conv, Executor, Graph, Precision, Result, Shape, Tensor, WeightSource, Weights,
};

const RESIZE: Resize = Resize { filter: Filter::Bilinear, align_corners: true, antialias: false };

/// Every tensor that anybody asks for, of numbers around zero.
struct Any;

impl WeightSource for Any {
    fn find(&self, name: &str, needed: Shape) -> Result<Option<Tensor>> {
        let values = (0..needed.elements()).map(|i| ((i + name.len()) * 7919 % 1009) as f32);
        Ok(Tensor::from_vec(needed, values.map(|x| x / 5045.0 - 0.1).collect()))
    }

    fn file(&self) -> &'static str {
        "any"
    }
}

/// Two pictures at a size of which a map is larger than caches, and what convolutions make of them.
fn graph(maps_are_outputs: bool) -> Result<Graph> {
    let (mut g, w) = (Graph::new(), Weights::new(Arc::new(Any)));
    let x = g.input("x", &[2, 21, 26, 32])?;
    let large = g.resize(x, [171, 203], RESIZE)?;
    let fine = g.conv(large, &w.at("fine"), 32, Conv::same(3))?;
    let fine = g.relu(fine);
    let coarse = g.conv(fine, &w.at("coarse"), 40, Conv::k(3).stride(2).pad(1))?;
    let one = g.conv(coarse, &w.at("one"), 1, Conv::k(1))?;
    g.output("one", one);
    if maps_are_outputs {
        for (name, map) in [("large", large), ("fine", fine), ("coarse", coarse)] {
            g.output(name, map);
        }
    }
    Ok(g)
}

/// The first output, and the bytes that a session takes.
fn run(graph: &Graph, threads: usize, precision: Precision) -> Result<(Vec<f32>, usize)> {
    let executor = CpuExecutor::new(threads)?.with_precision(precision)?;
    let program = executor.compile(graph)?;
    let mut session = Arc::clone(&program).session()?;
    for (i, x) in session.input(0)?.iter_mut().enumerate() {
        *x = (i * 7919 % 1009) as f32 / 504.5 - 1.0;
    }
    session.run()?;
    Ok((session.output(0)?.to_vec(), program.session_bytes()))
}

#[test]
fn maps_between_operations_need_not_be_whole() {
    for threads in [1, 2, 3] {
        for (precision, tolerance) in [(Precision::F32, 1e-5), (Precision::Bf16, 1e-2)] {
            let (whole, most) = run(&graph(true).unwrap(), threads, precision).unwrap();
            let (by_bands, least) = run(&graph(false).unwrap(), threads, precision).unwrap();
            let largest = whole.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
            let error = whole.iter().zip(&by_bands).map(|(a, b)| (a - b).abs());
            let error = error.fold(0.0, f32::max);
            assert!(error <= tolerance * largest, "{error} of {largest}, {threads} {precision:?}");
            let maps = 2 * 171 * 203 * 32 * size_of::<f32>();
            assert!(least + maps < most, "{least} of {most} bytes");
        }
    }
}

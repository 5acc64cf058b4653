//! Where values lie does not change them: parts that are written into their concatenation, and read in the middle of
//! another value, are those that lie by themselves.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test of results that are equal")]

use ocelli_engine::cpu::CpuExecutor;
use ocelli_engine::op::{Filter, Resize};
use ocelli_engine::{Executor, Graph, Result, Value};

const SIZE: [usize; 4] = [2, 6, 5, 24];

/// Every operation on the middle of a value, and all results side by side.
fn graph(parts_are_outputs: bool) -> Result<Graph> {
    let mut g = Graph::new();
    let x = g.input("x", &SIZE)?;
    let middle = g.slice(x, 3, 3..20)?;
    let resize = Resize { filter: Filter::Bicubic, align_corners: false, antialias: false };
    let pooled = g.max_pool(middle, 3, 1, 1)?;
    let parts = [
        g.softmax(middle),
        g.layer_norm_plain(middle, 1e-5),
        g.l2_normalize(middle, 1e-6),
        pooled,
        g.max_pool(pooled, 5, 1, 2)?,
        g.resize(middle, [SIZE[1], SIZE[2]], resize)?,
    ];
    let all = g.concat(&parts, 3)?;
    let read = [g.softmax(all), g.max_pool(all, 2, 2, 0)?, g.layer_norm_plain(all, 1e-5)];
    for (i, value) in read.into_iter().enumerate() {
        g.output(&format!("read {i}"), value);
    }
    if parts_are_outputs {
        name(&mut g, &parts);
    }
    Ok(g)
}

fn name(g: &mut Graph, parts: &[Value]) {
    for (i, &part) in parts.iter().enumerate() {
        g.output(&format!("part {i}"), part);
    }
}

/// The first three outputs.
fn run(graph: &Graph, threads: usize) -> Result<Vec<Vec<f32>>> {
    let mut session = CpuExecutor::new(threads)?.compile(graph)?.session()?;
    for (i, x) in session.input(0)?.iter_mut().enumerate() {
        *x = (i * 7919 % 1009) as f32 / 504.5 - 1.0;
    }
    session.run()?;
    (0..3).map(|i| session.output(i).map(<[f32]>::to_vec)).collect()
}

#[test]
fn parts_are_the_same_wherever_they_lie() {
    for threads in [1, 2] {
        let apart = run(&graph(true).unwrap(), threads).unwrap();
        let together = run(&graph(false).unwrap(), threads).unwrap();
        assert!(apart == together && apart.iter().flatten().all(|x| x.is_finite()));
    }
}

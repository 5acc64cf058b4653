//! A graph's outputs against a golden file's stages of the same names.

use std::time::Instant;

use ocelli_engine::Graph;

use super::executor;
use super::formula::fill;
use super::golden::{Golden, limit};

/// Runs the graph on the input of the formula; all stages must be among the outputs. Logits are held to the looser
/// tolerance.
pub fn compare(name: &str, golden: &Golden, g: &Graph) {
    let start = Instant::now();
    let mut session = executor().compile(g).unwrap().session().unwrap();
    let compiled = start.elapsed();
    let shape = g.shape(g.inputs()[0].1);
    session.input(0).unwrap().copy_from_slice(&fill("input", &shape, 0));
    let start = Instant::now();
    session.run().unwrap();
    eprintln!("{name}: compiled in {compiled:.1?}, ran in {:.1?}", start.elapsed());
    for stage in golden.stages() {
        let place = g.outputs().iter().position(|(output, _)| *output == stage);
        let place = place.unwrap_or_else(|| panic!("{name}: no stage {stage}"));
        assert_eq!(*g.shape(g.outputs()[place].1), *golden.shape(&stage), "{name}: {stage}");
        let limit = limit(stage == "logits");
        let distance = golden.distance(&stage, session.output(place).unwrap());
        eprintln!("  {stage}: {distance:.1e}");
        assert!(distance <= limit, "{name}: stage {stage} is off by {distance:e} of its largest");
    }
}

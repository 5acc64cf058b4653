//! Running a graph and comparing what comes out.

use ocelli_engine::{Executor, Graph, Result, Session};

/// How far a result may be from the expected one, in units of the largest expected number.
pub(crate) const TOLERANCE: f32 = 1e-4;

/// What the largest expected number counts as at the least: functions of numbers near 1 round to 1e-7 of 1.
const LEAST: f32 = 1e-2;

/// The outputs of `graph` on `inputs`, from a session that has run on other inputs before and runs twice on these.
pub(crate) fn run(
    executor: &dyn Executor,
    graph: &Graph,
    inputs: &[Vec<f32>],
) -> Result<Vec<Vec<f32>>> {
    let mut session = executor.compile(graph)?.session()?;
    let others: Vec<Vec<f32>> =
        inputs.iter().map(|values| values.iter().map(|x| 0.7 - x).collect()).collect();
    run_in(&mut *session, graph, &others)?;
    let first = run_in(&mut *session, graph, inputs)?;
    let second = run_in(&mut *session, graph, inputs)?;
    assert!(same(&first, &second), "a second run on the same inputs has other outputs");
    Ok(first)
}

/// The outputs of one run in `session`.
pub(crate) fn run_in(
    session: &mut dyn Session,
    graph: &Graph,
    inputs: &[Vec<f32>],
) -> Result<Vec<Vec<f32>>> {
    for (index, values) in inputs.iter().enumerate() {
        session.input(index)?.copy_from_slice(values);
    }
    session.run()?;
    (0..graph.outputs().len()).map(|i| session.output(i).map(<[f32]>::to_vec)).collect()
}

fn same(a: &[Vec<f32>], b: &[Vec<f32>]) -> bool {
    let bits = |outputs: &[Vec<f32>]| -> Vec<u32> {
        outputs.iter().flatten().map(|x| x.to_bits()).collect()
    };
    bits(a) == bits(b)
}

/// What is wrong with `found`: numbers off by more than `tolerance * max|expected|`, or another length.
pub(crate) fn difference(found: &[f32], expected: &[f32], tolerance: f32) -> Option<String> {
    if found.len() != expected.len() {
        return Some(format!("{} numbers where {} are due", found.len(), expected.len()));
    }
    let finite = expected.iter().filter(|x| x.is_finite());
    let largest = finite.fold(0.0f32, |largest, x| largest.max(x.abs()));
    let allowed = tolerance * largest.max(LEAST);
    let same = |a: f32, b: f32| a.total_cmp(&b).is_eq() || (a.is_nan() && b.is_nan());
    let close = |a: f32, b: f32| (a - b).abs() <= allowed || same(a, b);
    let wrong: Vec<usize> = (0..found.len()).filter(|&i| !close(found[i], expected[i])).collect();
    let &first = wrong.first()?;
    let error = |&i: &usize| (found[i] - expected[i]).abs();
    let worst = wrong.iter().map(error).fold(0.0, f32::max);
    Some(format!(
        "{} of {} numbers differ, by up to {worst:e} where {allowed:e} is allowed; [{first}] is {} and should be {}",
        wrong.len(),
        found.len(),
        found[first],
        expected[first],
    ))
}

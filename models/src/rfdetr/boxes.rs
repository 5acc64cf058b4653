//! Boxes as corrections of reference boxes.

use ocelli_engine::{Graph, Result, Value};

/// Corrections and references `[n, q, 4]` (cx, cy, w, h) to boxes `[n, q, 4]`: the centre moves by parts of the
/// reference's sides, which grow by powers of e.
pub(super) fn refine(g: &mut Graph, corrections: Value, references: Value) -> Result<Value> {
    let corrections = g.split(corrections, 2, &[2, 2])?;
    let references = g.split(references, 2, &[2, 2])?;
    let moved = g.mul(corrections[0], references[1])?;
    let centre = g.add(moved, references[0])?;
    let growth = g.exp(corrections[1]);
    let sides = g.mul(growth, references[1])?;
    g.concat(&[centre, sides], 2)
}

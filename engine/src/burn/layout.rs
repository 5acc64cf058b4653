//! More elements around.

use burn_backend::Backend;

use super::array::Array;
use crate::op::PadMode;

pub(super) fn pad<B: Backend>(x: Array<B>, pads: &[[usize; 2]], mode: PadMode) -> Array<B> {
    pads.iter().enumerate().filter(|(_, pads)| **pads != [0, 0]).fold(x, |x, (axis, &pads)| {
        match mode {
            PadMode::Constant(value) => surround(&x, axis, pads, value),
            PadMode::Edge => {
                let last = x.extents()[axis] - 1;
                sides(&x, axis, (0..pads[0]).map(|_| 0), (0..pads[1]).map(|_| last))
            }
            PadMode::Reflect => {
                let last = x.extents()[axis] - 1;
                let before = (1..=pads[0]).rev();
                sides(&x, axis, before, (0..pads[1]).map(|i| last - 1 - i))
            }
        }
    })
}

/// `value` before and after along `axis`.
pub(super) fn surround<B: Backend>(
    x: &Array<B>,
    axis: usize,
    pads: [usize; 2],
    value: f32,
) -> Array<B> {
    let side = |count: usize| {
        let mut extents = x.extents();
        extents[axis] = count;
        (count > 0).then(|| x.full(&extents, value))
    };
    let [before, after] = pads.map(side);
    join([before, Some(x.clone()), after], axis)
}

/// Elements of `x` itself before and after it along `axis`.
fn sides<B: Backend>(
    x: &Array<B>,
    axis: usize,
    before: impl Iterator<Item = usize>,
    after: impl Iterator<Item = usize>,
) -> Array<B> {
    let one = |index| x.clone().slice(axis, index, 1, 1);
    let all = before.map(one).chain([x.clone()]).chain(after.map(one)).map(Some);
    join(all, axis)
}

fn join<B: Backend>(parts: impl IntoIterator<Item = Option<Array<B>>>, axis: usize) -> Array<B> {
    Array::cat(parts.into_iter().flatten().collect(), axis)
}

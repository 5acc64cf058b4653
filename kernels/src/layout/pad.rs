//! A border around an array.

use crate::Context;
use crate::split::rows_mut;

/// What a border is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode<T> {
    /// One value
    Constant(T),
    /// The array in a mirror, its outermost element not repeated
    Reflect,
    /// The outermost element
    Replicate,
}

/// A border that does not fit its array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PadError {
    shape: Vec<usize>,
    pads: Vec<[usize; 2]>,
}

impl std::fmt::Display for PadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let PadError { shape, pads } = self;
        write!(
            f,
            "{shape:?} cannot be padded by {pads:?}: give one pair per dimension, and to reflect smaller ones"
        )
    }
}

impl std::error::Error for PadError {}

/// The extents of a padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PadPlan {
    shape: Vec<usize>,
    pads: Vec<[usize; 2]>,
    /// Elements that are copied as one, of the dimensions behind the last padded one.
    unit: usize,
}

impl PadPlan {
    /// For a dense array of `shape`, with `pads` elements before and after it along each dimension.
    ///
    /// # Errors
    /// There is not one pair of pads per dimension, or a pad is too wide for the mode: to reflect, it must be smaller
    /// than the extent, and to replicate, the extent must not be zero.
    pub fn new<T>(
        shape: &[usize],
        pads: &[[usize; 2]],
        mode: &PadMode<T>,
    ) -> Result<PadPlan, PadError> {
        let fits = |(&extent, &[before, after]): (&usize, &[usize; 2])| match mode {
            PadMode::Constant(_) => true,
            PadMode::Reflect => before.max(after) < extent.max(1),
            PadMode::Replicate => before + after == 0 || extent > 0,
        };
        if shape.len() != pads.len() || !shape.iter().zip(pads).all(fits) {
            return Err(PadError { shape: shape.to_vec(), pads: pads.to_vec() });
        }
        let rank = pads.iter().rposition(|&pad| pad != [0, 0]).map_or(0, |last| last + 1);
        let unit = shape[rank..].iter().product();
        Ok(PadPlan { shape: shape[..rank].to_vec(), pads: pads[..rank].to_vec(), unit })
    }

    fn padded(&self, i: usize) -> usize {
        self.pads[i][0] + self.shape[i] + self.pads[i][1]
    }

    fn lens(&self) -> [usize; 2] {
        let padded: usize = (0..self.shape.len()).map(|i| self.padded(i)).product();
        [self.shape.iter().product::<usize>() * self.unit, padded * self.unit]
    }
}

/// Copies `x` to `out` with a border around it.
///
/// # Panics
/// When a slice has another length than the plan says.
pub fn pad<T: Copy + Send + Sync>(
    ctx: Context,
    plan: &PadPlan,
    mode: PadMode<T>,
    x: &[T],
    out: &mut [T],
) {
    assert_eq!([x.len(), out.len()], plan.lens());
    let Some(last) = plan.shape.len().checked_sub(1) else {
        return out.copy_from_slice(x);
    };
    let (unit, width) = (plan.unit, plan.padded(last));
    let row = width * unit;
    rows_mut(ctx.pool, out, row, row, |first, out| {
        for (i, out) in out.chunks_mut(row).enumerate() {
            let Some(from) = source_row(plan, mode, first + i) else {
                if let PadMode::Constant(value) = mode {
                    out.fill(value);
                }
                continue;
            };
            let x = &x[from * plan.shape[last] * unit..][..plan.shape[last] * unit];
            let [before, _] = plan.pads[last];
            out[before * unit..][..x.len()].copy_from_slice(x);
            for column in (0..before).chain(before + plan.shape[last]..width) {
                let out = &mut out[column * unit..][..unit];
                match (source(plan, mode, last, column), mode) {
                    (Some(from), _) => out.copy_from_slice(&x[from * unit..][..unit]),
                    (None, PadMode::Constant(value)) => out.fill(value),
                    (None, _) => {}
                }
            }
        }
    });
}

/// The input row that output row `row` repeats; rows are counted through all dimensions but the last padded one.
fn source_row<T>(plan: &PadPlan, mode: PadMode<T>, row: usize) -> Option<usize>
where
    T: Copy,
{
    let (mut rest, mut at, mut step) = (row, 0, 1);
    for i in (0..plan.shape.len() - 1).rev() {
        let padded = plan.padded(i);
        at += source(plan, mode, i, rest % padded)? * step;
        rest /= padded;
        step *= plan.shape[i];
    }
    Some(at)
}

/// The input index that output index `i` along `axis` repeats; none in a constant border.
fn source<T: Copy>(plan: &PadPlan, mode: PadMode<T>, axis: usize, i: usize) -> Option<usize> {
    let (before, extent) = (plan.pads[axis][0], plan.shape[axis]);
    if (before..before + extent).contains(&i) {
        return Some(i - before);
    }
    match mode {
        PadMode::Constant(_) => None,
        PadMode::Replicate => Some(i.saturating_sub(before).min(extent - 1)),
        PadMode::Reflect if i < before => Some(before - i),
        PadMode::Reflect => Some(2 * (extent - 1) - (i - before)),
    }
}

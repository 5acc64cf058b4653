//! The walk of a copy.

use super::CopyPlan;
use super::plan::{Dim, MAX_RANK};
use crate::Context;
use crate::split::{Base, GRAIN};

/// Copies elements of `x` to `out` as `plan` says. Elements that the plan does not name keep their values.
///
/// Whole runs are copied where both sides lie densely. Where they do not, the two dimensions that are dense on one side
/// each are walked in tiles, so that whole cache lines are used on both.
///
/// # Panics
/// When a slice is shorter than the plan reaches.
pub fn copy<T: Copy + Send + Sync>(ctx: Context, plan: &CopyPlan, x: &[T], out: &mut [T]) {
    let [from, to] = plan.reach;
    assert!(x.len() >= from && out.len() >= to, "a copy from {from} to {to} elements");
    if to == 0 {
        return;
    }
    let Shape { outer, tile } = Shape::of(&plan.dims);
    let rows: usize = outer.iter().map(|dim| dim.extent).product();
    let bands = tile[0].extent.div_ceil(TILE);
    let per_piece =
        GRAIN.div_ceil(TILE * tile[1].extent).max((rows * bands).div_ceil(4 * ctx.pool.threads()));
    let out = Base(out.as_mut_ptr());
    ctx.pool.run((rows * bands).div_ceil(per_piece), &|piece| {
        let first = piece * per_piece;
        for i in first..(first + per_piece).min(rows * bands) {
            let band = i % bands * TILE;
            let [from, to] = walk(&outer, i / bands, plan.offsets);
            let part = Dim { extent: TILE.min(tile[0].extent - band), ..tile[0] };
            let from = from + band as isize * part.from;
            let to = to + band as isize * part.to;
            // SAFETY: the plan reaches no further than the slices and names no element of the output twice.
            unsafe { copy_tile(x.as_ptr().offset(from), out.at(0).offset(to), [part, tile[1]]) };
        }
    });
}

/// Rows of a tile.
const TILE: usize = 16;

/// The dimensions of a walk, put into order.
struct Shape {
    outer: Dims,
    /// The dimension in which the input is dense, if it is another one, then the one in which the output is.
    tile: [Dim; 2],
}

/// A few dimensions, without an allocation.
struct Dims {
    dims: [Dim; MAX_RANK],
    len: usize,
}

impl std::ops::Deref for Dims {
    type Target = [Dim];

    fn deref(&self) -> &[Dim] {
        &self.dims[..self.len]
    }
}

impl Shape {
    fn of(dims: &[Dim]) -> Shape {
        let one = Dim { extent: 1, from: 0, to: 0 };
        let (last, rest) = dims.split_last().map_or((one, &[][..]), |(last, rest)| (*last, rest));
        let densest = |&i: &usize| match rest[i].from.unsigned_abs() {
            0 => usize::MAX,
            step => step,
        };
        let second = if last.from == 1 {
            rest.len().checked_sub(1)
        } else {
            (0..rest.len()).min_by_key(densest)
        };
        let mut outer = Dims { dims: [one; MAX_RANK], len: 0 };
        for (i, &dim) in rest.iter().enumerate() {
            if Some(i) != second {
                outer.dims[outer.len] = dim;
                outer.len += 1;
            }
        }
        Shape { outer, tile: [second.map_or(one, |i| rest[i]), last] }
    }
}

/// Where index `i` of the dimensions is, on both sides.
fn walk(dims: &[Dim], mut i: usize, offsets: [usize; 2]) -> [isize; 2] {
    let mut at = offsets.map(|offset| offset as isize);
    for dim in dims.iter().rev() {
        let index = (i % dim.extent) as isize;
        i /= dim.extent;
        at = [at[0] + index * dim.from, at[1] + index * dim.to];
    }
    at
}

/// Copies two dimensions.
///
/// # Safety
/// They can be read at `x` and written at `out`.
#[inline(always)]
unsafe fn copy_tile<T: Copy>(x: *const T, out: *mut T, [rows, columns]: [Dim; 2]) {
    for from in (0..columns.extent).step_by(TILE) {
        let until = (from + TILE).min(columns.extent);
        for row in 0..rows.extent as isize {
            // SAFETY: the caller's contract.
            unsafe {
                let (x, out) = (x.offset(row * rows.from), out.offset(row * rows.to));
                if columns.from == 1 && columns.to == 1 {
                    if from == 0 {
                        std::ptr::copy_nonoverlapping(x, out, columns.extent);
                    }
                    continue;
                }
                for i in from as isize..until as isize {
                    out.offset(i * columns.to).write(x.offset(i * columns.from).read());
                }
            }
        }
    }
}

//! The walk itself.

use std::ops::Range;

use super::plan::{CopyPlan, Dim, MAX_RANK};
use crate::split::part;
use crate::{Context, Rows, RowsMut};

/// Elements that are worth another thread.
const PIECE: usize = 1 << 15;

/// Copies elements of `from` to `to` as `plan` says. Both views begin where the plan's offsets count from;
/// what the plan does not name is not touched.
///
/// # Panics
/// When the plan reaches beyond one of them.
pub fn copy(ctx: Context, plan: &CopyPlan, from: Rows, to: RowsMut) {
    let [from_reach, to_reach] = plan.reach();
    from.check_reach(from_reach);
    to.check_reach(to_reach);
    let (Some((first, rest)), true) = (plan.dims.split_first(), plan.elements() > 0) else {
        return;
    };
    let walk =
        Walk { from: from.ptr().wrapping_add(plan.from), to: to.ptr().wrapping_add(plan.to) };
    let pieces = (plan.elements() / PIECE).clamp(1, first.extent.min(4 * ctx.pool.threads()));
    ctx.pool.run(pieces, &|piece| {
        let Range { start, end } = part(first.extent, pieces, piece);
        let part = Dim { extent: end - start, ..*first };
        // SAFETY: the reach of the whole plan was checked, and pieces write different elements.
        unsafe { walk.step(start * first.from, start * first.to).run(part, rest) };
    });
}

/// Where a walk stands.
#[derive(Clone, Copy)]
struct Walk {
    from: *const f32,
    to: *mut f32,
}

// SAFETY: pieces of one walk touch different elements of the result.
unsafe impl Sync for Walk {}

impl Walk {
    fn step(self, from: usize, to: usize) -> Walk {
        Walk { from: self.from.wrapping_add(from), to: self.to.wrapping_add(to) }
    }

    /// # Safety
    /// All elements of the walk lie in their arrays.
    unsafe fn run(self, outer: Dim, rest: &[Dim]) {
        debug_assert!(rest.len() < MAX_RANK);
        match rest {
            // SAFETY: passed on to the caller.
            [] => unsafe { self.line(outer) },
            // SAFETY: as above.
            [inner] => unsafe { self.plane(outer, *inner) },
            [inner, others @ ..] => {
                for i in 0..outer.extent {
                    // SAFETY: as above.
                    unsafe { self.step(i * outer.from, i * outer.to).run(*inner, others) };
                }
            }
        }
    }

    /// # Safety
    /// All elements lie in their arrays.
    #[inline]
    unsafe fn line(self, dim: Dim) {
        // SAFETY: the caller vouches for all elements; the arrays do not overlap.
        unsafe {
            match (dim.from, dim.to) {
                (1, 1) => std::ptr::copy_nonoverlapping(self.from, self.to, dim.extent),
                (0, 1) => {
                    let value = *self.from;
                    (0..dim.extent).for_each(|i| *self.to.add(i) = value);
                }
                (from, to) => {
                    (0..dim.extent).for_each(|i| *self.to.add(i * to) = *self.from.add(i * from));
                }
            }
        }
    }

    /// Two dimensions; where neither array goes on by one along the inner one, in tiles that stay in the cache.
    ///
    /// # Safety
    /// All elements lie in their arrays.
    unsafe fn plane(self, outer: Dim, inner: Dim) {
        const TILE: usize = 16;
        if inner.from <= 1 && inner.to == 1 {
            for i in 0..outer.extent {
                // SAFETY: passed on to the caller.
                unsafe { self.step(i * outer.from, i * outer.to).line(inner) };
            }
            return;
        }
        for i in (0..outer.extent).step_by(TILE) {
            for j in (0..inner.extent).step_by(TILE) {
                for j in j..(j + TILE).min(inner.extent) {
                    let line = Dim { extent: TILE.min(outer.extent - i), ..outer };
                    let (from, to) = (i * outer.from + j * inner.from, i * outer.to + j * inner.to);
                    // SAFETY: as above.
                    unsafe { self.step(from, to).line(line) };
                }
            }
        }
    }
}

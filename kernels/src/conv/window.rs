//! Where the taps of a convolution are read.

mod line;

use std::ops::Range;

use crate::gemm::rounded::Rounded;
use crate::gemm::source::{Left, Source, Table, space};
use crate::simd::Simd;
use crate::{Factors, Image, ImageMut};

/// A grid of output pixels, and the taps that each reads relative to its place.
///
/// Grid pixel `(y, x)` reads input pixels `(y * stride + offset)` for each offset, and is output pixel
/// `(y, x) * spread + origin`.
pub(super) struct Window<'a> {
    ptr: *const f32,
    ld: usize,
    size: [usize; 2],
    grid: [usize; 2],
    stride: [usize; 2],
    offsets: &'a [[isize; 2]],
    /// The least and the largest offsets.
    reach: [[isize; 2]; 2],
    zeros: *const f32,
    out_size: [usize; 2],
    spread: [usize; 2],
    origin: [usize; 2],
}

// SAFETY: it is only read.
unsafe impl Sync for Window<'_> {}

/// Which grid pixels of the output a window stands for.
pub(super) struct Phase {
    pub(super) grid: [usize; 2],
    pub(super) spread: [usize; 2],
    pub(super) origin: [usize; 2],
}

impl<'a> Window<'a> {
    /// Taps at `offsets` of `input` from channel `channel` on; `zeros` stands for pixels outside.
    pub(super) fn new(
        input: &Image,
        channel: usize,
        out: &ImageMut,
        stride: [usize; 2],
        offsets: &'a [[isize; 2]],
        zeros: &'a [f32],
    ) -> Window<'a> {
        let [y, x] = [0, 1].map(|axis| offsets.iter().map(move |offset| offset[axis]));
        let low = [y.clone().min().unwrap_or(0), x.clone().min().unwrap_or(0)];
        let high = [y.max().unwrap_or(0), x.max().unwrap_or(0)];
        Window {
            reach: [low, high],
            ptr: input.pixels.data().wrapping_add(channel),
            ld: input.pixels.ld(),
            size: [input.h, input.w],
            grid: [out.h, out.w],
            stride,
            offsets,
            zeros: zeros.as_ptr(),
            out_size: [out.h, out.w],
            spread: [1, 1],
            origin: [0, 0],
        }
    }

    /// The same taps for some of the output pixels only.
    pub(super) fn phase(self, phase: &Phase) -> Window<'a> {
        Window { grid: phase.grid, spread: phase.spread, origin: phase.origin, ..self }
    }

    #[inline(always)]
    fn at(&self, n: usize, y: usize, x: usize) -> *const f32 {
        self.ptr.wrapping_add(((n * self.size[0] + y) * self.size[1] + x) * self.ld)
    }

    /// Whether `count` grid pixels from `(y, x)` on are in one row, and all that they read is inside the input.
    #[inline(always)]
    fn is_inside(&self, y: usize, x: usize, count: usize) -> bool {
        let (first, last) = (x * self.stride[1], (x + count - 1) * self.stride[1]);
        let y = y * self.stride[0];
        let [low, high] = self.reach;
        x + count <= self.grid[1]
            && y.checked_add_signed(low[0]).is_some()
            && first.checked_add_signed(low[1]).is_some()
            && y.wrapping_add_signed(high[0]) < self.size[0]
            && last.wrapping_add_signed(high[1]) < self.size[1]
    }

    #[inline(always)]
    fn place(&self, row: usize) -> [usize; 3] {
        let (line, x) = (row / self.grid[1], row % self.grid[1]);
        [line / self.grid[0], line % self.grid[0], x]
    }
}

impl Source for Window<'_> {
    #[inline(always)]
    fn gather(&self, rows: Range<usize>, at: usize, taps: Range<usize>, table: &mut Table) {
        let ([mut n, mut y, mut x], count) = (self.place(rows.start), rows.len());
        let offsets = &self.offsets[taps];
        if self.is_inside(y, x, count) {
            let base = self.at(n, y * self.stride[0], x * self.stride[1]);
            let step = self.stride[1] * self.ld;
            for (to, [dy, dx]) in table.rows.iter_mut().zip(offsets) {
                let offset = (dy * self.size[1] as isize + dx) * self.ld as isize;
                space(&mut to[at..], count, base.wrapping_offset(offset), step);
            }
            return;
        }
        for i in at..at + count {
            for (to, [dy, dx]) in table.rows.iter_mut().zip(offsets) {
                let iy = (y * self.stride[0]).wrapping_add_signed(*dy);
                let ix = (x * self.stride[1]).wrapping_add_signed(*dx);
                let inside = iy < self.size[0] && ix < self.size[1];
                to[i] = if inside { self.at(n, iy, ix) } else { self.zeros };
            }
            x += 1;
            if x == self.grid[1] {
                (y, x) = (y + 1, 0);
                if y == self.grid[0] {
                    (n, y) = (n + 1, 0);
                }
            }
        }
    }

    #[inline(always)]
    fn gather_line<S: Simd>(
        &self,
        s: S,
        rows: Range<usize>,
        at: usize,
        left: Left,
        table: &mut Table,
        rounded: &mut Rounded,
    ) -> bool {
        if self.line().is_some() {
            self.line_of_tiles(s, rows, at, left, table, rounded);
            return true;
        }
        // Pixel by pixel as they lie: lines do not matter.
        table.rows[0][at] = self.ptr.wrapping_add(rows.start * self.ld);
        table.rows[0][at + 1] = table.rows[0][at].wrapping_add(self.ld);
        left.reads == Factors::Bf16
    }

    fn line(&self) -> Option<usize> {
        let all = self.reach == [[0; 2]; 2] && self.stride == [1, 1] && self.spread == [1, 1];
        (!all || self.grid != self.size).then_some(self.grid[1])
    }

    #[inline(always)]
    fn output(&self, row: usize) -> usize {
        if self.spread == [1, 1] {
            return row;
        }
        let [n, y, x] = self.place(row);
        let y = y * self.spread[0] + self.origin[0];
        let x = x * self.spread[1] + self.origin[1];
        (n * self.out_size[0] + y) * self.out_size[1] + x
    }
}

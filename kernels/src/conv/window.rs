//! Where the taps of a convolution are read.

use std::ops::Range;

use crate::gemm::indirect::{Source, Table};
use crate::{Image, ImageMut};

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
        Window {
            ptr: input.pixels.ptr().wrapping_add(channel),
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
    fn place(&self, row: usize) -> [usize; 3] {
        let (line, x) = (row / self.grid[1], row % self.grid[1]);
        [line / self.grid[0], line % self.grid[0], x]
    }
}

impl Source for Window<'_> {
    #[inline(always)]
    fn gather(&self, first: usize, count: usize, taps: Range<usize>, table: &mut Table) {
        let [mut n, mut y, mut x] = self.place(first);
        let [h, w] = self.size;
        for i in 0..count {
            let image = self.ptr.wrapping_add(n * h * w * self.ld);
            for (to, [dy, dx]) in table.rows.iter_mut().zip(&self.offsets[taps.clone()]) {
                let iy = (y * self.stride[0]).wrapping_add_signed(*dy);
                let ix = (x * self.stride[1]).wrapping_add_signed(*dx);
                to[i] = if iy < h && ix < w {
                    image.wrapping_add((iy * w + ix) * self.ld)
                } else {
                    self.zeros
                };
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

//! Where the rows of a kernel of few channels are read.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::Conv2d;
use crate::Products;
use crate::gemm::rounded::{Rounded, round};
use crate::gemm::row::Row;
use crate::gemm::source::{Left, Source, Table, space};
use crate::simd::Simd;

/// Taps of a kernel row that lie together, `kw * c` floats: for inputs of few channels.
pub(super) struct Runs<'a> {
    pub(super) ptr: *const f32,
    pub(super) size: [usize; 3],
    pub(super) grid: [usize; 2],
    pub(super) kw: usize,
    pub(super) spec: &'a Conv2d,
    pub(super) zeros: *const f32,
}

// SAFETY: it is only read.
unsafe impl Sync for Runs<'_> {}

impl Runs<'_> {
    /// The run that begins at column `x` (from the padded border on) of an image row, if it does not leave the row.
    #[inline(always)]
    fn inside(&self, row: *const f32, x: usize) -> Option<*const f32> {
        let [_, w, c] = self.size;
        let left = self.spec.pad[1];
        (x >= left && x + self.kw <= left + w).then(|| row.wrapping_add((x - left) * c))
    }

    /// A run that leaves the row, copied.
    #[inline(never)]
    fn copy(&self, row: *const f32, x: usize, patch: &mut [MaybeUninit<f32>]) -> *const f32 {
        let [_, w, c] = self.size;
        let (left, end) = (self.spec.pad[1], x + self.kw);
        patch.fill(MaybeUninit::new(0.0));
        let (from, to) = (x.max(left), end.min(left + w));
        if from < to {
            // SAFETY: pixels `from - left..to - left` are in the row, and within the run.
            unsafe {
                let pixels = row.add((from - left) * c);
                let at = patch[(from - x) * c..(to - x) * c].as_mut_ptr().cast();
                std::ptr::copy_nonoverlapping(pixels, at, (to - from) * c);
            }
        }
        patch.as_ptr().cast()
    }

    /// Pointers of pixels that are in one row and read no border; whether that is so.
    #[inline(always)]
    fn gather_inside(
        &self,
        [n, y, x]: [usize; 3],
        count: usize,
        at: usize,
        taps: &Range<usize>,
        table: &mut Table,
    ) -> bool {
        let [h, w, c] = self.size;
        let (stride, pad, dilation) = (self.spec.stride, self.spec.pad, self.spec.dilation[0]);
        let (first, last) = (x * stride[1], (x + count - 1) * stride[1]);
        let top = y * stride[0] + taps.start * dilation;
        let bottom = y * stride[0] + (taps.end - 1) * dilation;
        if x + count > self.grid[1]
            || first < pad[1]
            || last + self.kw > pad[1] + w
            || top < pad[0]
            || bottom >= pad[0] + h
        {
            return false;
        }
        let mut base = self.ptr.wrapping_add(((n * h + top - pad[0]) * w + first - pad[1]) * c);
        for to in &mut table.rows[..taps.len()] {
            space(&mut to[at..], count, base, stride[1] * c);
            base = base.wrapping_add(dilation * w * c);
        }
        true
    }
}

impl Source for Runs<'_> {
    /// Runs of a line overlap: it is rounded once, and runs begin wherever a number does.
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
        let [h, w, c] = self.size;
        let (line, x) = (rows.start / self.grid[1], rows.start % self.grid[1]);
        let (n, y) = (line / self.grid[0], line % self.grid[0]);
        let step = self.spec.stride[1] * c;
        let numbers = (rows.len() - 1) * step + left.k;
        let floats = numbers.div_ceil(2) + 2 * S::LANES;
        if floats > rows.len() * Row::new(S::ISA, Products::Bf16, left.k).ld {
            return false;
        }
        // The pixels of the line that are there, from the first that is read on.
        let start = x * self.spec.stride[1];
        let before = self.spec.pad[1].saturating_sub(start).min(numbers / c);
        let first = start.saturating_sub(self.spec.pad[1]).min(w);
        let count = (numbers / c - before).min(w - first);
        for (tap, to) in table.rows[..left.taps].iter_mut().enumerate() {
            let iy = (y * self.spec.stride[0] + tap * self.spec.dilation[0])
                .wrapping_sub(self.spec.pad[0]);
            if iy >= h {
                (to[at], to[at + 1]) = (self.zeros, self.zeros);
                continue;
            }
            let copies = rounded.next(floats);
            let from = self.ptr.wrapping_add(((n * h + iy) * w + first) * c);
            // SAFETY: the pixels are in the input; numbers, and vectors behind them, fit.
            unsafe {
                let numbers = copies.cast::<u16>();
                let end = numbers.add((before + count) * c);
                numbers.write_bytes(0, before * c);
                round(s, from, count * c, numbers.add(before * c).cast());
                end.write_bytes(0, copies.add(floats).cast::<u16>().offset_from(end) as usize);
            }
            let run = copies.cast_const().cast::<u16>();
            (to[at], to[at + 1]) = (run.cast(), run.wrapping_add(step).cast());
        }
        true
    }

    fn line(&self) -> Option<usize> {
        Some(self.grid[1])
    }

    #[inline(always)]
    fn gather(&self, lines: Range<usize>, at: usize, taps: Range<usize>, table: &mut Table) {
        let [h, w, c] = self.size;
        let (line, mut x) = (lines.start / self.grid[1], lines.start % self.grid[1]);
        let (mut n, mut y) = (line / self.grid[0], line % self.grid[0]);
        if self.gather_inside([n, y, x], lines.len(), at, &taps, table) {
            return;
        }
        let Table { rows, patch } = table;
        let mut patches = patch[at * taps.len() * self.kw * c..].chunks_exact_mut(self.kw * c);
        for i in at..at + lines.len() {
            let start = x * self.spec.stride[1];
            for (to, ky) in rows.iter_mut().zip(taps.clone()) {
                let iy = y * self.spec.stride[0] + ky * self.spec.dilation[0];
                let iy = iy.wrapping_sub(self.spec.pad[0]);
                let row = self.ptr.wrapping_add((n * h).wrapping_add(iy).wrapping_mul(w * c));
                to[i] = if iy >= h {
                    self.zeros
                } else if let Some(run) = self.inside(row, start) {
                    run
                } else {
                    patches.next().map_or(self.zeros, |patch| self.copy(row, start, patch))
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
}

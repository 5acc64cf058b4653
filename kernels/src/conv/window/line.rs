//! The pixels of a line of the output, for tiles whose rows are equally far apart.

use std::ops::Range;

use super::Window;
use crate::gemm::rounded::{Rounded, copy, round};
use crate::gemm::row::Row;
use crate::gemm::source::{Left, Table};
use crate::simd::Simd;
use crate::{Factors, Products};

/// Taps that read one line of the input.
struct Taps {
    count: usize,
    dy: isize,
    /// The least and the largest offset across.
    dx: [isize; 2],
    /// Of the line, for all rows of a group.
    pixels: usize,
}

/// Pixels of one line, some of them outside the input; `step` of its pixels apart.
struct Line {
    n: usize,
    y: usize,
    x: isize,
    step: usize,
    pixels: usize,
}

impl Window<'_> {
    /// Of each tap the addresses of the first two rows, which are in one line as all others are.
    #[inline(always)]
    pub(super) fn line_of_tiles<S: Simd>(
        &self,
        s: S,
        rows: Range<usize>,
        at: usize,
        left: Left,
        table: &mut Table,
        rounded: &mut Rounded,
    ) {
        let ([n, y, x], count) = (self.place(rows.start), rows.len());
        let mut first = 0;
        while first < left.taps {
            let taps = self.taps_of_line(first, count, left.taps);
            let line = Line {
                n,
                y: (y * self.stride[0]).wrapping_add_signed(taps.dy),
                x: (x * self.stride[1]) as isize + taps.dx[0],
                step: if taps.count == 1 { self.stride[1] } else { 1 },
                pixels: taps.pixels,
            };
            let (base, step) = self.pixels(s, &line, left, rounded);
            let down = if taps.count == 1 { step } else { self.stride[1] * step };
            for tap in first..first + taps.count {
                let across = (self.offsets[tap][1] - taps.dx[0]) as usize;
                let pixel = base.wrapping_add(across * step);
                table.rows[tap][at] = pixel;
                table.rows[tap][at + 1] = pixel.wrapping_add(down);
            }
            first += taps.count;
        }
    }

    /// The taps from `first` on that are in one line, for `count` rows; one alone where it is less to have its pixels apart.
    #[inline(always)]
    fn taps_of_line(&self, first: usize, count: usize, end: usize) -> Taps {
        let [dy, dx] = self.offsets[first];
        let one = Taps { count: 1, dy, dx: [dx; 2], pixels: count };
        let mut taps = Taps { ..one };
        for &[y, x] in &self.offsets[first + 1..end] {
            if y != dy {
                break;
            }
            taps.count += 1;
            taps.dx = [taps.dx[0].min(x), taps.dx[1].max(x)];
        }
        taps.pixels = (count - 1) * self.stride[1] + 1 + (taps.dx[1] - taps.dx[0]) as usize;
        if taps.count == 1 || taps.pixels > taps.count * count { one } else { taps }
    }

    /// Where the first pixel of a line is, and floats to the next: in the input if all of them are there in pairs, else copied.
    #[inline(always)]
    fn pixels<S: Simd>(
        &self,
        s: S,
        line: &Line,
        left: Left,
        rounded: &mut Rounded,
    ) -> (*const f32, usize) {
        let &Line { n, y, x, step, pixels } = line;
        if y >= self.size[0] {
            return (self.zeros, 0);
        }
        let row = self.at(n, y, 0);
        let last = x + ((pixels - 1) * step) as isize;
        if left.reads == Factors::Bf16 && x >= 0 && last < self.size[1] as isize {
            return (row.wrapping_add(x as usize * self.ld), step * self.ld);
        }
        let Row { depth: floats, ld, .. } = Row::new(S::ISA, Products::Bf16, left.k);
        let copies = rounded.next(pixels * ld);
        for i in 0..pixels {
            let (x, to) = (x + (i * step) as isize, copies.wrapping_add(i * ld));
            let inside = x >= 0 && x < self.size[1] as isize;
            // SAFETY: the pixel is in the input, or there are zeros for it; a copy has whole vectors.
            unsafe {
                let from = row.wrapping_offset(x * self.ld as isize);
                match (inside, left.reads) {
                    (false, _) => copy(s, self.zeros, floats, to),
                    (true, Factors::Bf16) => copy(s, from, floats, to),
                    (true, Factors::F32) => round(s, from, left.k, to),
                }
            }
        }
        (copies, ld)
    }
}

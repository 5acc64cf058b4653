//! A copy of a picture and its border in bf16, or in thirds, in which the pixels of all rows of a product are equally far
//! apart.
//!
//! A product has a row for each place of the copy, those at the right border among them, which are no pixels of the output.
//! Strides take pixels of each remainder apart, so that neighbours of the output read neighbours there.

use std::ops::Range;

use super::Conv2d;
use crate::gemm::rounded::{Rounded, copy, cut, round};
use crate::gemm::row::Row;
use crate::gemm::source::{GAP, Left, MAX_TAPS, Source, Table};
use crate::matmul::Scratch;
use crate::simd::{Kernel, Simd, dispatch_bf16};
use crate::split::part;
use crate::{Context, Factors, Image, Isa, Products};

/// The extents of a copy: a plane of `lines` by `width` pixels for each picture and each remainder by the strides.
#[derive(Clone, Copy)]
pub(super) struct Planes {
    pictures: usize,
    lines: usize,
    width: usize,
    pixel: Row,
    remainders: [usize; 2],
    /// Height and width of the output.
    size: [usize; 2],
    /// The picture and the line of the output that come first.
    first: [usize; 2],
    /// Lines of a whole output.
    height: usize,
}

/// Bytes of a copy that a thread keeps in its second-level cache.
///
/// Tests cut small copies too.
const BAND_BYTES: usize = if cfg!(test) { 8 << 10 } else { 1 << 20 };
/// Lines of the output that are worth a copy of their own, which repeats lines of its neighbours'.
const BAND_LINES: usize = 4;

impl Planes {
    /// For pictures `[n, h, w, c]` and a kernel of `kh` by `kw`.
    pub(super) fn new(
        isa: Isa,
        spec: &Conv2d,
        products: Products,
        [pictures, h, w, c]: [usize; 4],
        kernel: [usize; 2],
    ) -> Planes {
        let size = spec.output_size([h, w], kernel);
        let remainders = [0, 1].map(|axis| match spec.dilation[axis] * (kernel[axis] - 1) {
            0 => 1,
            _ => spec.stride[axis],
        });
        let extent = |axis: usize| {
            let reach = spec.dilation[axis] * (kernel[axis] - 1) / spec.stride[axis];
            size[axis] + reach
        };
        let pixel = Row::new(isa, products, c);
        let ([lines, width], [height, _]) = ([extent(0), extent(1)], size);
        Planes { pictures, lines, width, pixel, remainders, size, first: [0; 2], height }
    }

    /// The bands that are copied and multiplied each by one thread, where the caches of all threads do not hold a copy of all.
    pub(super) fn bands(&self, threads: usize) -> Option<Bands> {
        let bytes = self.floats() * size_of::<f32>();
        if bytes <= threads * BAND_BYTES {
            return None;
        }
        let fit = bytes.div_ceil(self.pictures * BAND_BYTES);
        let even = fit.next_multiple_of(threads).min(self.height / BAND_LINES).max(1);
        let of_picture = if self.pictures == 1 { even } else { fit };
        Some(Bands { planes: *self, of_picture })
    }

    /// Of a picture and a line of the output on, `lines` of them.
    fn band(&self, first: [usize; 2], lines: usize) -> Planes {
        let (reach, [_, width]) = (self.lines - self.height, self.size);
        Planes { pictures: 1, lines: lines + reach, size: [lines, width], first, ..*self }
    }

    /// Floats of the copy.
    pub(super) fn floats(&self) -> usize {
        self.remainders[0] * self.remainders[1] * self.plane() * self.pixel.ld
    }

    /// Pixels of all pictures with one remainder.
    fn plane(&self) -> usize {
        self.pictures * self.lines * self.width
    }

    /// Rows of a product: places up to the last that is a pixel of the output.
    pub(super) fn rows(&self) -> usize {
        if self.pictures * self.size[0] * self.size[1] == 0 {
            return 0;
        }
        let lines = (self.pictures - 1) * self.lines + self.size[0] - 1;
        lines * self.width + self.size[1]
    }

    /// Copies `input` to `to`, which has [`Planes::floats`].
    pub(super) fn fill(&self, ctx: Context, spec: &Conv2d, input: &Image, to: &mut [f32]) {
        assert!(to.len() >= self.floats(), "scratch for the border");
        let to = Scratch(to.as_mut_ptr());
        let lines = self.remainders[0] * self.remainders[1] * self.pictures * self.lines;
        ctx.pool.run(lines, &|index| {
            let line = index % (self.pictures * self.lines);
            let remainder = index / (self.pictures * self.lines);
            let [down, across] = [remainder / self.remainders[1], remainder % self.remainders[1]];
            let [picture, above] = self.first;
            let y = (above + line % self.lines) * spec.stride[0] + down;
            let y = Some(y.wrapping_sub(spec.pad[0])).filter(|&y| y < input.h);
            let line = Line {
                from: y.map(|y| {
                    let pixel = ((picture + line / self.lines) * input.h + y) * input.w;
                    input.pixels.data().wrapping_add(pixel * input.pixels.ld())
                }),
                first: across.wrapping_sub(spec.pad[1]),
                step: spec.stride[1],
                planes: self,
                input,
                to: to.at(index * self.width * self.pixel.ld),
            };
            dispatch_bf16(ctx.isa, line);
        });
    }

    /// Where the rows of a product with a kernel of `kh` by `kw` are, once the copy is at `from`.
    pub(super) fn source(&self, spec: &Conv2d, [kh, kw]: [usize; 2], from: &[f32]) -> Padded {
        let mut taps = [0; MAX_TAPS];
        for (tap, offset) in taps[..kh * kw].iter_mut().enumerate() {
            let [y, x] = [tap / kw * spec.dilation[0], tap % kw * spec.dilation[1]];
            let plane = y % spec.stride[0] * self.remainders[1] + x % spec.stride[1];
            let place = y / spec.stride[0] * self.width + x / spec.stride[1];
            *offset = (plane * self.plane() + place) * self.pixel.ld;
        }
        Padded { planes: *self, first: from.as_ptr(), taps }
    }
}

/// A copy in bands of lines of the output, each of them with the lines around it.
pub(super) struct Bands {
    planes: Planes,
    of_picture: usize,
}

impl Bands {
    pub(super) fn count(&self) -> usize {
        self.planes.pictures * self.of_picture
    }

    pub(super) fn get(&self, index: usize) -> Planes {
        let (picture, band) = (index / self.of_picture, index % self.of_picture);
        let lines = part(self.planes.height, self.of_picture, band);
        self.planes.band([picture, lines.start], lines.len())
    }

    /// Floats of the largest.
    pub(super) fn floats(&self) -> usize {
        self.planes.band([0; 2], self.planes.height.div_ceil(self.of_picture)).floats()
    }
}

/// A line of a plane.
struct Line<'a> {
    /// The first pixel of the input's line, if it has one.
    from: Option<*const f32>,
    /// Which pixel of it the first of the plane is; one outside if it wraps.
    first: usize,
    step: usize,
    planes: &'a Planes,
    input: &'a Image<'a>,
    to: *mut f32,
}

impl Kernel for Line<'_> {
    type Output = ();

    /// The maker vouches for the pixels of both lines.
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (pixels, c) = (self.input.pixels, self.input.c);
        let Row { depth, third, ld } = self.planes.pixel;
        for i in 0..self.planes.width {
            let (x, to) = (self.first.wrapping_add(i * self.step), self.to.wrapping_add(i * ld));
            // SAFETY: the pixel is in the input, and `ld` floats of the copy are whole vectors.
            unsafe {
                let from = self.from.filter(|_| x < self.input.w);
                let Some(from) = from.map(|from| from.add(x * pixels.ld())) else {
                    std::slice::from_raw_parts_mut(to, ld).fill(0.0);
                    continue;
                };
                match pixels.factors() {
                    Factors::Bf16 => copy(s, from, depth, to),
                    Factors::F32 if third > 0 => cut(s, from, c, to, third),
                    Factors::F32 => round(s, from, c, to),
                }
            }
        }
    }
}

/// The rows of a product that reads a copy.
pub(super) struct Padded {
    planes: Planes,
    first: *const f32,
    /// Floats from a row's first to those of each tap.
    taps: [usize; MAX_TAPS],
}

// SAFETY: it is only read.
unsafe impl Sync for Padded {}

impl Source for Padded {
    const HAS_GAPS: bool = true;
    const IS_CUT: bool = true;

    #[inline(always)]
    fn gather(&self, rows: Range<usize>, at: usize, taps: Range<usize>, table: &mut Table) {
        let ld = self.planes.pixel.ld;
        for (to, offset) in table.rows.iter_mut().zip(&self.taps[taps]) {
            for (to, row) in to[at..].iter_mut().zip(rows.clone()) {
                *to = self.first.wrapping_add(offset + row * ld);
            }
        }
    }

    #[inline(always)]
    fn gather_line<S: Simd>(
        &self,
        _: S,
        rows: Range<usize>,
        at: usize,
        left: Left,
        table: &mut Table,
        _: &mut Rounded,
    ) -> bool {
        let first = self.first.wrapping_add(rows.start * self.planes.pixel.ld);
        for (to, offset) in table.rows.iter_mut().zip(&self.taps[..left.taps]) {
            to[at] = first.wrapping_add(*offset);
            to[at + 1] = to[at].wrapping_add(self.planes.pixel.ld);
        }
        true
    }

    #[inline(always)]
    fn output(&self, row: usize) -> usize {
        let Planes { lines, width, size: [h, w], first: [picture, above], height, .. } =
            self.planes;
        let (line, x) = (row / width, row % width);
        let (picture, y) = (picture + line / lines, line % lines);
        if y < h && x < w { (picture * height + above + y) * w + x } else { GAP }
    }
}

//! Dense and grouped convolutions as indirect products.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::window::Window;
use super::{Conv2d, FEW_CHANNELS, PackedConv};
use crate::gemm::Epilogue;
use crate::gemm::indirect::{Left, MAX_TAPS, PATCH, Product, Source, Table, space};
use crate::gemm::panels::{Aligned, Panels};
use crate::gemm::rounded::{Rounded, round};
use crate::gemm::tile::{MAX_MR, has_groups};
use crate::simd::Simd;
use crate::{Context, Factors, Image, ImageMut, Isa};

/// `[groups][n / NR][taps][factors.floats(k)][NR]`
pub(super) struct Dense {
    factors: Factors,
    panels: Aligned,
    /// The same for taps that are read as runs, `[n / NR][kh][factors.floats(kw * k)][NR]`, where rounding those pays.
    rounded_runs: Option<Aligned>,
    group_len: usize,
    offsets: Vec<[isize; 2]>,
    zeros: Vec<f32>,
}

impl Dense {
    pub(super) fn pack(
        isa: Isa,
        factors: Factors,
        spec: &Conv2d,
        [o, i, kh, kw]: [usize; 4],
        w: &[f32],
    ) -> Dense {
        let (taps, n) = (kh * kw, o / spec.groups);
        let rounded_runs = (factors == Factors::Bf16 && rounds_runs(isa, spec, [o, i, kh, kw]))
            .then(|| {
                let layout = Panels::new(isa, o);
                let mut panels = Aligned::zeros(layout.len(kh * factors.floats(kw * i)));
                layout.pack_factors(&mut panels, factors, [kh, kw * i], |y, p, column| {
                    w[(column * i + p % i) * taps + y * kw + p / i]
                });
                panels
            });
        let factors = if rounds(i, taps) { factors } else { Factors::F32 };
        let layout = Panels::new(isa, n);
        let group_len = layout.len(taps * factors.floats(i));
        let mut panels = Aligned::zeros(spec.groups * group_len);
        for g in 0..spec.groups {
            let group = &mut panels[g * group_len..(g + 1) * group_len];
            layout.pack_factors(group, factors, [taps, i], |tap, channel, column| {
                w[((g * n + column) * i + channel) * taps + tap]
            });
        }
        let offset = |tap: usize| {
            let y = (tap / kw * spec.dilation[0]).wrapping_sub(spec.pad[0]);
            let x = (tap % kw * spec.dilation[1]).wrapping_sub(spec.pad[1]);
            [y as isize, x as isize]
        };
        let offsets = (0..taps).map(offset).collect();
        Dense { factors, panels, rounded_runs, group_len, offsets, zeros: vec![0.0; i * kw] }
    }

    /// Whether it multiplies pairs that are pixels of the input.
    pub(super) fn takes_pairs(&self, spec: &Conv2d) -> bool {
        spec.groups == 1 && self.factors == Factors::Bf16
    }

    pub(super) fn bytes(&self) -> usize {
        let runs = self.rounded_runs.as_ref().map_or(0, |runs| size_of_val(&runs[..]));
        size_of_val(&self.panels[..]) + runs
    }

    pub(super) fn run(
        &self,
        ctx: Context,
        w: &PackedConv,
        input: &Image,
        epilogue: Epilogue,
        out: &ImageMut,
    ) {
        let spec = w.spec();
        let [kh, kw] = w.kernel();
        let (i, n) = (w.inputs() / spec.groups, w.outputs() / spec.groups);
        let product = |group: usize| Product {
            isa: w.isa(),
            factors: self.factors,
            reads: input.pixels.factors(),
            writes: out.pixels.factors(),
            source: (),
            m: out.pixels.rows(),
            n,
            taps: kh * kw,
            k: i,
            panels: &self.panels[group * self.group_len..(group + 1) * self.group_len],
            out: out.pixels.data().wrapping_add(group * n),
            ld: out.pixels.ld(),
            epilogue: epilogue.columns(group * n, n),
        };
        if self.factors == Factors::F32 && reads_runs(w, input) {
            let runs = Runs {
                ptr: input.pixels.ptr(),
                size: [input.h, input.w, input.c],
                grid: [out.h, out.w],
                kw,
                spec,
                zeros: self.zeros.as_ptr(),
            };
            let mut product = Product { taps: kh, k: kw * i, ..product(0).with(runs) };
            if let Some(panels) = &self.rounded_runs {
                (product.factors, product.panels) = (Factors::Bf16, panels);
            }
            // SAFETY: both images were checked; a run lies in a row of the input, in the zeros or in the patch.
            unsafe { product.run(ctx) };
            return;
        }
        for group in 0..spec.groups {
            let window =
                Window::new(input, group * i, out, spec.stride, &self.offsets, &self.zeros);
            // SAFETY: both images were checked; a tap is a pixel of the input or the zeros.
            unsafe { product(group).with(window).run(ctx) };
        }
    }
}

/// Whether pixels are rounded for products in bf16.
pub(super) fn rounds(inputs: usize, taps: usize) -> bool {
    inputs >= FEW_CHANNELS && taps <= MAX_TAPS
}

/// Whether runs are rounded: where that spares more products of each than it takes instructions.
fn rounds_runs(isa: Isa, spec: &Conv2d, [o, i, kh, kw]: [usize; 4]) -> bool {
    const ROUNDING: usize = 16;
    let spared = (kw * i - Factors::Bf16.floats(kw * i)) * o.div_ceil(isa.lanes());
    let pays = has_groups(isa, Factors::Bf16) || spared > ROUNDING;
    spec.groups == 1 && i < FEW_CHANNELS && kh <= MAX_TAPS && pays
}

/// Whether the taps of a kernel row lie together, and few enough that copies of those at the border fit.
fn reads_runs(w: &PackedConv, input: &Image) -> bool {
    let [kh, kw] = w.kernel();
    let together = w.spec().dilation[1] == 1 && input.pixels.ld() == input.c;
    let no_border = w.spec().pad[1] == 0 && w.spec().pad[3] == 0;
    let few = input.c < FEW_CHANNELS && MAX_MR * kh * kw * input.c <= PATCH;
    w.spec().groups == 1 && together && (no_border || few) && kw > 1 && kh <= MAX_TAPS
}

/// Taps of a kernel row that lie together, `kw * c` floats: for inputs of few channels.
struct Runs<'a> {
    ptr: *const f32,
    size: [usize; 3],
    grid: [usize; 2],
    kw: usize,
    spec: &'a Conv2d,
    zeros: *const f32,
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
        if floats > rows.len() * Rounded::distance(s, Factors::Bf16.floats(left.k)) {
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

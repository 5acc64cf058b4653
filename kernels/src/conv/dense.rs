//! Dense and grouped convolutions as indirect products.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::window::Window;
use super::{Conv2d, PackedConv};
use crate::gemm::Epilogue;
use crate::gemm::indirect::{MAX_TAPS, PATCH, Product, Source, Table};
use crate::gemm::panels::{Aligned, Panels};
use crate::gemm::tile::MAX_MR;
use crate::{Context, Image, ImageMut, Isa};

/// Channels below which the taps of a kernel row are read as one run.
const FEW_CHANNELS: usize = 16;

/// `[groups][n / NR][taps][k][NR]`
pub(super) struct Dense {
    panels: Aligned,
    group_len: usize,
    offsets: Vec<[isize; 2]>,
    zeros: Vec<f32>,
}

impl Dense {
    pub(super) fn pack(isa: Isa, spec: &Conv2d, [o, i, kh, kw]: [usize; 4], w: &[f32]) -> Dense {
        let (taps, n) = (kh * kw, o / spec.groups);
        let layout = Panels::new(isa, n);
        let group_len = layout.len(taps * i);
        let mut panels = Aligned::zeros(spec.groups * group_len);
        for g in 0..spec.groups {
            let group = &mut panels[g * group_len..(g + 1) * group_len];
            layout.pack(group, taps * i, |row, column| {
                let (tap, channel) = (row / i, row % i);
                w[((g * n + column) * i + channel) * taps + tap]
            });
        }
        let offset = |tap: usize| {
            let y = (tap / kw * spec.dilation[0]).wrapping_sub(spec.pad[0]);
            let x = (tap % kw * spec.dilation[1]).wrapping_sub(spec.pad[1]);
            [y as isize, x as isize]
        };
        let offsets = (0..taps).map(offset).collect();
        Dense { panels, group_len, offsets, zeros: vec![0.0; i * kw] }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.panels[..])
    }

    pub(super) fn run(
        &self,
        ctx: Context,
        w: &PackedConv,
        input: Image,
        epilogue: Epilogue,
        out: ImageMut,
    ) {
        let spec = w.spec();
        let [kh, kw] = w.kernel();
        let (i, n) = (w.inputs() / spec.groups, w.outputs() / spec.groups);
        let product = |group: usize| Product {
            isa: w.isa(),
            source: (),
            m: out.pixels.rows(),
            n,
            taps: kh * kw,
            k: i,
            panels: &self.panels[group * self.group_len..(group + 1) * self.group_len],
            out: out.pixels.ptr().wrapping_add(group * n),
            ld: out.pixels.ld(),
            epilogue: epilogue.columns(group * n, n),
        };
        if self.reads_runs(w, &input) {
            let runs = Runs {
                ptr: input.pixels.ptr(),
                size: [input.h, input.w, input.c],
                grid: [out.h, out.w],
                kw,
                spec,
                zeros: self.zeros.as_ptr(),
            };
            let product = Product { taps: kh, k: kw * i, ..product(0).with(runs) };
            // SAFETY: both images were checked; a run lies in a row of the input, in the zeros or in the patch.
            unsafe { product.run(ctx) };
            return;
        }
        for group in 0..spec.groups {
            let window =
                Window::new(&input, group * i, &out, spec.stride, &self.offsets, &self.zeros);
            // SAFETY: both images were checked; a tap is a pixel of the input or the zeros.
            unsafe { product(group).with(window).run(ctx) };
        }
    }

    fn reads_runs(&self, w: &PackedConv, input: &Image) -> bool {
        let [kh, kw] = w.kernel();
        w.spec().groups == 1
            && w.spec().dilation[1] == 1
            && input.pixels.ld() == input.c
            && input.c < FEW_CHANNELS
            && kw > 1
            && kh <= MAX_TAPS
            && MAX_MR * kh * kw * input.c <= PATCH
    }
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
    /// The run that begins at column `x` (from the padded border on) of an image row, copied where it leaves the row.
    #[inline(always)]
    fn run(&self, row: *const f32, x: usize, patch: &mut [MaybeUninit<f32>]) -> *const f32 {
        let [_, w, c] = self.size;
        let (left, end) = (self.spec.pad[1], x + self.kw);
        if x >= left && end <= left + w {
            return row.wrapping_add((x - left) * c);
        }
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
}

impl Source for Runs<'_> {
    #[inline(always)]
    fn gather(&self, first: usize, count: usize, taps: Range<usize>, table: &mut Table) {
        let [h, w, c] = self.size;
        let Table { rows, patch } = table;
        let mut patches = patch.chunks_exact_mut(self.kw * c);
        for i in 0..count {
            let (line, x) = ((first + i) / self.grid[1], (first + i) % self.grid[1]);
            let (n, y) = (line / self.grid[0], line % self.grid[0]);
            let x = x * self.spec.stride[1];
            for (to, ky) in rows.iter_mut().zip(taps.clone()) {
                let iy = y * self.spec.stride[0] + ky * self.spec.dilation[0];
                let iy = iy.wrapping_sub(self.spec.pad[0]);
                to[i] = match patches.next() {
                    Some(patch) if iy < h => {
                        self.run(self.ptr.wrapping_add((n * h + iy) * w * c), x, patch)
                    }
                    _ => self.zeros,
                };
            }
        }
    }
}

//! Dense and grouped convolutions as indirect products.

use super::padded::Planes;
use super::runs::Runs;
use super::window::Window;
use super::{Conv2d, FEW_CHANNELS, PackedConv};
use crate::aligned::Aligned;
use crate::gemm::Epilogue;
use crate::gemm::indirect::Product;
use crate::gemm::panels::Panels;
use crate::gemm::source::{MAX_TAPS, PATCH};
use crate::gemm::tile::{MAX_MR, has_groups};
use crate::gemm::tiling::Tiling;
use crate::split::{Base, by_workers};
use crate::{Context, Factors, Image, ImageMut, Isa, Products};

/// `[groups][n / NR][taps][products.floats(k)][NR]`
pub(super) struct Dense {
    products: Products,
    panels: Aligned,
    /// The same for taps that are read as runs, `[n / NR][kh][products.floats(kw * k)][NR]`, where rounding those pays.
    rounded_runs: Option<Aligned>,
    group_len: usize,
    offsets: Vec<[isize; 2]>,
    zeros: Vec<f32>,
}

impl Dense {
    pub(super) fn pack(
        isa: Isa,
        products: Products,
        spec: &Conv2d,
        [o, i, kh, kw]: [usize; 4],
        w: &[f32],
    ) -> Dense {
        let (taps, n) = (kh * kw, o / spec.groups);
        let rounded_runs = (products == Products::Bf16 && rounds_runs(isa, spec, [o, i, kh, kw]))
            .then(|| {
                let layout = Panels::new(isa, o);
                let mut panels = Aligned::zeros(layout.len(kh * products.floats(kw * i)));
                layout.pack_for(&mut panels, products, [kh, kw * i], |y, p, column| {
                    w[(column * i + p % i) * taps + y * kw + p / i]
                });
                panels
            });
        let whole = products == Products::Bf16x3 && spec.groups > 1;
        let products = if rounds(i, taps) && !whole { products } else { Products::F32 };
        let layout = Panels::new(isa, n);
        let group_len = layout.len(taps * products.floats(i));
        let mut panels = Aligned::zeros(spec.groups * group_len);
        for g in 0..spec.groups {
            let group = &mut panels[g * group_len..(g + 1) * group_len];
            layout.pack_for(group, products, [taps, i], |tap, channel, column| {
                w[((g * n + column) * i + channel) * taps + tap]
            });
        }
        let offset = |tap: usize| {
            let y = (tap / kw * spec.dilation[0]).wrapping_sub(spec.pad[0]);
            let x = (tap % kw * spec.dilation[1]).wrapping_sub(spec.pad[1]);
            [y as isize, x as isize]
        };
        let offsets = (0..taps).map(offset).collect();
        Dense { products, panels, rounded_runs, group_len, offsets, zeros: vec![0.0; i * kw] }
    }

    /// Whether it multiplies pairs that are pixels of the input.
    pub(super) fn takes_pairs(&self, spec: &Conv2d) -> bool {
        spec.groups == 1 && self.products == Products::Bf16
    }

    pub(super) fn bytes(&self) -> usize {
        let runs = self.rounded_runs.as_ref().map_or(0, |runs| size_of_val(&runs[..]));
        size_of_val(&self.panels[..]) + runs
    }

    /// Floats of scratch for an input `[n, h, w, c]`.
    pub(super) fn scratch_len(&self, w: &PackedConv, input: [usize; 4], threads: usize) -> usize {
        if !self.pads(w, input) {
            return 0;
        }
        let planes = self.planes(w, input);
        planes
            .bands(threads)
            .map_or_else(|| planes.floats(), |of_picture| threads * planes.band_floats(of_picture))
    }

    fn planes(&self, w: &PackedConv, input: [usize; 4]) -> Planes {
        Planes::new(w.isa(), w.spec(), self.products, input, w.kernel())
    }

    /// Whether tiles read a copy with its border: those of thirds, which are not cut for each tap, and those that have groups
    /// where there are few of them, whose rows would be copied for many panels, or where lines of the output fill half of
    /// their rows.
    fn pads(&self, w: &PackedConv, input: [usize; 4]) -> bool {
        const FEW: usize = 8;
        let (spec, kernel) = (w.spec(), w.kernel());
        if !has_groups(w.isa(), self.products) || spec.groups > 1 || reads_as_they_lie(w) {
            return false;
        }
        if self.products == Products::Bf16x3 {
            return true;
        }
        let [h, width] = spec.output_size([input[1], input[2]], kernel);
        let copied = self.planes(w, input).rows();
        let tiles = |m, line| Tiling::new(w.isa(), self.products, m, line).tiles();
        let of_lines = tiles(input[0] * h * width, Some(width));
        of_lines < FEW || 9 * of_lines >= 16 * tiles(copied, None)
    }

    pub(super) fn run(
        &self,
        ctx: Context,
        w: &PackedConv,
        input: &Image,
        epilogue: Epilogue,
        out: &ImageMut,
        scratch: &mut [f32],
    ) {
        let spec = w.spec();
        let [kh, kw] = w.kernel();
        let (i, n) = (w.inputs() / spec.groups, w.outputs() / spec.groups);
        let product = |group: usize| Product {
            isa: w.isa(),
            products: self.products,
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
        if self.products == Products::F32 && reads_runs(w, input) {
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
                (product.products, product.panels) = (Products::Bf16, panels);
            }
            // SAFETY: both images were checked; a run lies in a row of the input, in the zeros or in the patch.
            unsafe { product.run(ctx) };
            return;
        }
        if self.pads(w, input.shape()) {
            let planes = self.planes(w, input.shape());
            let part = |planes: Planes, scratch: &mut [f32]| {
                planes.fill(ctx, spec, input, scratch);
                let rows = planes.source(spec, w.kernel(), scratch);
                let (reads, m) = (Factors::Bf16, planes.rows());
                let product = Product { reads, m, ..product(0).with(rows) };
                // SAFETY: both images were checked; a tap is a pixel of the copy.
                unsafe { product.run(ctx) };
            };
            let Some(of_picture) = planes.bands(ctx.pool.threads()) else {
                return part(planes, scratch);
            };
            let (base, floats) = (Base(scratch.as_mut_ptr()), planes.band_floats(of_picture));
            by_workers(ctx.pool, planes.pictures() * of_picture, |worker, bands| {
                // SAFETY: the scratch was checked to hold as many floats for each worker.
                let scratch = unsafe { base.slice(worker * floats, floats) };
                bands.for_each(|band| part(planes.band(of_picture, band), scratch));
            });
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

/// Whether each pixel of the output is a product of that of the input alone.
fn reads_as_they_lie(w: &PackedConv) -> bool {
    w.kernel() == [1, 1] && w.spec().stride == [1, 1] && w.spec().pad == [0; 4]
}

/// Whether pixels are rounded or cut for products in bf16.
pub(super) fn rounds(inputs: usize, taps: usize) -> bool {
    inputs >= FEW_CHANNELS && taps <= MAX_TAPS
}

/// Whether runs are rounded: where that spares more products of each than it takes instructions.
fn rounds_runs(isa: Isa, spec: &Conv2d, [o, i, kh, kw]: [usize; 4]) -> bool {
    const ROUNDING: usize = 16;
    let spared = (kw * i - Factors::Bf16.floats(kw * i)) * o.div_ceil(isa.lanes());
    spec.groups == 1 && i < FEW_CHANNELS && kh <= MAX_TAPS && spared > ROUNDING
}

/// Whether the taps of a kernel row lie together, and few enough that copies of those at the border fit.
fn reads_runs(w: &PackedConv, input: &Image) -> bool {
    let [kh, kw] = w.kernel();
    let together = w.spec().dilation[1] == 1 && input.pixels.ld() == input.c;
    let no_border = w.spec().pad[1] == 0 && w.spec().pad[3] == 0;
    let few = input.c < FEW_CHANNELS && MAX_MR * kh * kw * input.c <= PATCH;
    w.spec().groups == 1 && together && (no_border || few) && kw > 1 && kh <= MAX_TAPS
}

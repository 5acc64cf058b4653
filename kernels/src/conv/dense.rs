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
    /// For what was asked for and what is computed.
    pub(super) fn pack(
        isa: Isa,
        [asked, products]: [Products; 2],
        spec: &Conv2d,
        [o, i, kh, kw]: [usize; 4],
        w: &[f32],
    ) -> Dense {
        let (taps, n) = (kh * kw, o / spec.groups);
        let rounded_runs = (asked == Products::Bf16 && rounds_runs(isa, spec, [o, i, kh, kw]))
            .then(|| {
                let layout = Panels::new(isa, o);
                let mut panels = Aligned::zeros(layout.len(kh * asked.floats(kw * i)));
                layout.pack_for(&mut panels, asked, [kh, kw * i], |y, p, column| {
                    w[(column * i + p % i) * taps + y * kw + p / i]
                });
                panels
            });
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
        planes.bands(threads).map_or_else(|| planes.floats(), |bands| threads * bands.floats())
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
        let job = Job { dense: self, ctx, w, input, epilogue, out };
        if self.products == Products::F32 && reads_runs(w, input) {
            job.of_runs();
        } else if self.pads(w, input.shape()) {
            job.of_copies(scratch);
        } else {
            job.of_windows();
        }
    }
}

/// A convolution of checked images.
#[derive(Clone, Copy)]
struct Job<'a> {
    dense: &'a Dense,
    ctx: Context<'a>,
    w: &'a PackedConv,
    input: &'a Image<'a>,
    epilogue: Epilogue<'a>,
    out: &'a ImageMut<'a>,
}

impl<'a> Job<'a> {
    fn product(&self, group: usize) -> Product<'a, ()> {
        let Job { dense, w, input, out, epilogue, .. } = *self;
        let groups = w.spec().groups;
        let (k, n, [kh, kw]) = (w.inputs() / groups, w.outputs() / groups, w.kernel());
        Product {
            isa: w.isa(),
            products: dense.products,
            reads: input.pixels.factors(),
            writes: out.pixels.factors(),
            source: (),
            m: out.pixels.rows(),
            n,
            taps: kh * kw,
            k,
            panels: &dense.panels[group * dense.group_len..][..dense.group_len],
            out: out.pixels.data().wrapping_add(group * n),
            ld: out.pixels.ld(),
            epilogue: epilogue.columns(group * n, n),
        }
    }

    /// Of the taps of each kernel row as one run.
    fn of_runs(self) {
        let Job { dense, w, input, out, .. } = self;
        let [kh, kw] = w.kernel();
        let runs = Runs {
            ptr: input.pixels.ptr(),
            size: [input.h, input.w, input.c],
            grid: [out.h, out.w],
            kw,
            spec: w.spec(),
            zeros: dense.zeros.as_ptr(),
        };
        let product = self.product(0).with(runs);
        let mut product = Product { taps: kh, k: kw * product.k, ..product };
        if let Some(panels) = &dense.rounded_runs {
            (product.products, product.panels) = (Products::Bf16, panels);
        }
        // SAFETY: a run lies in a row of the input, in the zeros or in the patch.
        unsafe { product.run(self.ctx) };
    }

    /// Of a copy with its border, or of one for each band of lines.
    fn of_copies(self, scratch: &mut [f32]) {
        let planes = self.dense.planes(self.w, self.input.shape());
        let pool = self.ctx.pool;
        let Some(bands) = planes.bands(pool.threads()) else {
            return self.of_copy(planes, scratch);
        };
        let base = Base(scratch.as_mut_ptr());
        by_workers(pool, bands.count(), |worker, some| {
            // SAFETY: the scratch was checked to hold as many floats for each worker.
            let scratch = unsafe { base.slice(worker * bands.floats(), bands.floats()) };
            some.for_each(|band| self.of_copy(bands.get(band), scratch));
        });
    }

    fn of_copy(self, planes: Planes, scratch: &mut [f32]) {
        let Job { ctx, w, input, .. } = self;
        planes.fill(ctx, w.spec(), input, scratch);
        let rows = planes.source(w.spec(), w.kernel(), scratch);
        let (reads, m) = (Factors::Bf16, planes.rows());
        let product = Product { reads, m, ..self.product(0).with(rows) };
        // SAFETY: a tap is a pixel of the copy.
        unsafe { product.run(ctx) };
    }

    /// Of pixels where they lie, group by group.
    fn of_windows(self) {
        let Job { dense, ctx, w, input, out, .. } = self;
        let spec = w.spec();
        for group in 0..spec.groups {
            let product = self.product(group);
            let first = group * product.k;
            let window = Window::new(input, first, out, spec.stride, &dense.offsets, &dense.zeros);
            // SAFETY: a tap is a pixel of the input or the zeros.
            unsafe { product.with(window).run(ctx) };
        }
    }
}

/// Whether each pixel of the output is a product of that of the input alone.
fn reads_as_they_lie(w: &PackedConv) -> bool {
    w.kernel() == [1, 1] && w.spec().stride == [1, 1] && w.spec().pad == [0; 4]
}

/// What it is computed with where it is asked for `products`: pixels of few channels are neither rounded nor cut, and those of
/// groups are not cut.
pub(super) fn products(products: Products, spec: &Conv2d, [_, i, kh, kw]: [usize; 4]) -> Products {
    let cuts = products == Products::Bf16x3;
    if i < FEW_CHANNELS || kh * kw > MAX_TAPS || cuts && spec.groups > 1 {
        return Products::F32;
    }
    products
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

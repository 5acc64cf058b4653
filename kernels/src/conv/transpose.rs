//! Transposed convolutions: one dense product per phase of the stride.
//!
//! Output pixels whose place modulo the stride is the same read the input through the same taps, so that each phase is an
//! ordinary convolution of stride one with every `stride`-th tap of the kernel, written to every `stride`-th pixel.

use super::window::{Phase, Window};
use crate::aligned::Aligned;
use crate::gemm::Epilogue;
use crate::gemm::indirect::Product;
use crate::gemm::panels::Panels;
use crate::{Context, Factors, Image, ImageMut, Isa, Products};

/// How a transposed convolution spreads its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose2d {
    /// Output pixels between input pixels: down, right.
    pub stride: [usize; 2],
    /// Output pixels that are cut off: top, left, bottom, right.
    pub pad: [usize; 4],
    /// Output pixels that are added below and to the right.
    pub output_pad: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl ConvTranspose2d {
    /// Height and width of the output for an input of `h` by `w` and a kernel of `kh` by `kw`.
    pub fn output_size(&self, [h, w]: [usize; 2], [kh, kw]: [usize; 2]) -> [usize; 2] {
        let size = |extent: usize, axis: usize, kernel: usize| {
            let whole = extent.saturating_sub(1) * self.stride[axis] + kernel;
            (whole + self.output_pad[axis]).saturating_sub(self.pad[axis] + self.pad[axis + 2])
        };
        [size(h, 0, kh), size(w, 1, kw)]
    }
}

/// The weights of a transposed convolution, packed for an instruction set.
pub struct PackedConvTranspose {
    isa: Isa,
    spec: ConvTranspose2d,
    shape: [usize; 4],
    phases: Vec<PackedPhase>,
    zeros: Vec<f32>,
}

/// `[groups][n / NR][taps][k][NR]` of the taps of one phase.
struct PackedPhase {
    origin: [usize; 2],
    offsets: Vec<[isize; 2]>,
    panels: Aligned,
    group_len: usize,
}

impl PackedConvTranspose {
    /// Packs PyTorch weights `[in, out / groups, kh, kw]`.
    ///
    /// # Panics
    /// When `w` has another length, the channels do not divide into `spec.groups`, or an extent or stride is zero.
    pub fn new(isa: Isa, spec: ConvTranspose2d, shape: [usize; 4], w: &[f32]) -> Self {
        assert_eq!(w.len(), shape.iter().product::<usize>(), "weight {shape:?}");
        assert!(spec.groups > 0 && shape[0].is_multiple_of(spec.groups), "{spec:?} of {shape:?}");
        assert!(spec.stride[0] > 0 && spec.stride[1] > 0, "{spec:?}");
        assert!(shape[2] > 0 && shape[3] > 0, "kernel of {shape:?}");
        let isa = isa.or_scalar();
        let origins = (0..spec.stride[0]).flat_map(|y| (0..spec.stride[1]).map(move |x| [y, x]));
        let phases = origins.map(|origin| PackedPhase::new(isa, &spec, shape, w, origin)).collect();
        let zeros = vec![0.0; shape[0] / spec.groups];
        PackedConvTranspose { isa, spec, shape, phases, zeros }
    }

    /// Stride, padding and groups.
    pub fn spec(&self) -> &ConvTranspose2d {
        &self.spec
    }

    /// Height and width of the kernel.
    pub fn kernel(&self) -> [usize; 2] {
        [self.shape[2], self.shape[3]]
    }

    /// Channels of the input.
    pub fn inputs(&self) -> usize {
        self.shape[0]
    }

    /// Channels of the output.
    pub fn outputs(&self) -> usize {
        self.shape[1] * self.spec.groups
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        self.phases.iter().map(|phase| size_of_val(&phase.panels[..])).sum()
    }
}

impl std::fmt::Debug for PackedConvTranspose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackedConvTranspose {:?} {:?} for {}", self.shape, self.spec, self.isa)
    }
}

impl PackedPhase {
    fn new(
        isa: Isa,
        spec: &ConvTranspose2d,
        [inputs, n, kh, kw]: [usize; 4],
        w: &[f32],
        origin: [usize; 2],
    ) -> PackedPhase {
        let (k, layout) = (inputs / spec.groups, Panels::new(isa, n));
        let mut taps = Vec::new();
        let mut offsets = Vec::new();
        for (ky, y) in axis(spec, 0, kh, origin[0]) {
            for (kx, x) in axis(spec, 1, kw, origin[1]) {
                taps.push(ky * kw + kx);
                offsets.push([y, x]);
            }
        }
        let group_len = layout.len(taps.len() * k);
        let mut panels = Aligned::zeros(spec.groups * group_len);
        for g in 0..spec.groups {
            let group = &mut panels[g * group_len..(g + 1) * group_len];
            layout.pack(group, taps.len() * k, |row, column| {
                let (tap, channel) = (taps[row / k], row % k);
                w[((g * k + channel) * n + column) * kh * kw + tap]
            });
        }
        PackedPhase { origin, offsets, panels, group_len }
    }
}

/// The taps of one axis that a phase reads, each with the distance of its input pixel.
fn axis(
    spec: &ConvTranspose2d,
    axis: usize,
    kernel: usize,
    origin: usize,
) -> impl Iterator<Item = (usize, isize)> {
    let (stride, place) = (spec.stride[axis], origin + spec.pad[axis]);
    let taps = (place % stride..kernel).step_by(stride);
    taps.map(move |tap| (tap, (place as isize - tap as isize) / stride as isize))
}

/// `[n, h, w, in]` to `[n, oh, ow, out]`: `y = epilogue(conv_transpose(x, w))`.
///
/// # Panics
/// When the channels or the size of the output do not fit `w`.
#[allow(clippy::needless_pass_by_value, reason = "a view of an output is used up")]
pub fn conv_transpose2d(
    ctx: Context,
    input: Image,
    w: &PackedConvTranspose,
    epilogue: Epilogue,
    out: ImageMut,
) {
    input.check();
    out.check();
    let size = w.spec.output_size([input.h, input.w], w.kernel());
    assert_eq!([input.n, size[0], size[1]], [out.n, out.h, out.w], "size of the output");
    assert_eq!([input.c, out.c], [w.inputs(), w.outputs()], "channels of input and output");
    epilogue.check(out.pixels.numbers());
    let (k, n) = (w.inputs() / w.spec.groups, w.shape[1]);
    for phase in &w.phases {
        let count = |axis: usize| {
            let extent = [out.h, out.w][axis];
            extent.saturating_sub(phase.origin[axis]).div_ceil(w.spec.stride[axis])
        };
        let grid = [count(0), count(1)];
        let pixels = Phase { grid, spread: w.spec.stride, origin: phase.origin };
        for group in 0..w.spec.groups {
            let window = Window::new(&input, group * k, &out, [1, 1], &phase.offsets, &w.zeros);
            let product = Product {
                isa: w.isa,
                products: Products::F32,
                reads: Factors::F32,
                writes: Factors::F32,
                source: window.phase(&pixels),
                m: out.n * grid[0] * grid[1],
                n,
                taps: phase.offsets.len(),
                k,
                panels: &phase.panels[group * phase.group_len..(group + 1) * phase.group_len],
                out: out.pixels.ptr().wrapping_add(group * n),
                ld: out.pixels.ld(),
                epilogue: epilogue.columns(group * n, n),
            };
            // SAFETY: both images were checked; a tap is a pixel of the input or the zeros.
            unsafe { product.run(ctx) };
        }
    }
}

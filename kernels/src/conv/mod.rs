//! Convolutions over channels-last images, with weights packed once.
//!
//! A dense convolution is the indirect product of [`crate::gemm`]: each tap of the kernel is a row pointer, so padding,
//! stride and dilation cost nothing and no patches are copied. A transposed convolution is one such product per phase of
//! its stride. A depthwise convolution multiplies no matrices and has loops of its own. Kernels of three by three taps may
//! be done with fewer products: [`Algorithm`].

mod algorithm;
mod dense;
mod depthwise;
mod packed;
mod padded;
mod runs;
mod transpose;
mod window;
mod winograd;

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use algorithm::Algorithm;
pub use packed::PackedConv;
pub use transpose::{ConvTranspose2d, PackedConvTranspose, conv_transpose2d};

use crate::gemm::Epilogue;
use crate::{Context, Factors, Image, ImageMut, Products};
use packed::Form;

/// Channels below which the taps of a kernel row are read as one run, and nothing else is rounded.
const FEW_CHANNELS: usize = 16;

/// How the kernel of a convolution moves over its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Input pixels between output pixels: down, right.
    pub stride: [usize; 2],
    /// Zeros around the input: top, left, bottom, right.
    pub pad: [usize; 4],
    /// Input pixels between taps: down, right.
    pub dilation: [usize; 2],
    /// Groups of channels that do not see each other.
    pub groups: usize,
}

impl Default for Conv2d {
    fn default() -> Conv2d {
        Conv2d { stride: [1, 1], pad: [0; 4], dilation: [1, 1], groups: 1 }
    }
}

impl Conv2d {
    /// Height and width of the output for an input of `h` by `w` and a kernel of `kh` by `kw`; zero where the kernel
    /// does not fit.
    pub fn output_size(&self, [h, w]: [usize; 2], [kh, kw]: [usize; 2]) -> [usize; 2] {
        let size = |extent: usize, pad: usize, kernel: usize, dilation: usize, stride: usize| {
            let reach = dilation * (kernel - 1) + 1;
            (extent + pad).checked_sub(reach).map_or(0, |rest| rest / stride + 1)
        };
        [
            size(h, self.pad[0] + self.pad[2], kh, self.dilation[0], self.stride[0]),
            size(w, self.pad[1] + self.pad[3], kw, self.dilation[1], self.stride[1]),
        ]
    }
}

/// Whether a convolution with weights `[out, in / groups, kh, kw]` multiplies pixels of its input in bf16, and so may be
/// given them in bf16.
pub fn takes_pairs(
    algorithm: Algorithm,
    products: Products,
    spec: &Conv2d,
    shape: [usize; 4],
) -> bool {
    let rounds = algorithm.products(products, spec, shape) == Products::Bf16;
    algorithm == Algorithm::Direct && spec.groups == 1 && rounds
}

/// Floats of scratch that [`conv2d`] needs for an input `[n, h, w, c]` on `threads` threads.
pub fn conv2d_scratch_len(w: &PackedConv, input: [usize; 4], threads: usize) -> usize {
    match w.form() {
        Form::Dense(dense) => dense.scratch_len(w, input, threads),
        Form::Depthwise(_) => 0,
        Form::Winograd(winograd) => winograd.scratch_len(w, input, threads),
    }
}

/// `[n, h, w, in]` to `[n, oh, ow, out]`: `y = epilogue(conv(x, w))`.
///
/// The input may hold bf16 where [`takes_pairs`] says so, output and residual where there is one group, that is no depthwise
/// convolution.
///
/// # Panics
/// When the channels, the size of the output or the scratch do not fit `w`.
#[allow(clippy::needless_pass_by_value, reason = "a view of an output is used up")]
pub fn conv2d(
    ctx: Context,
    input: Image,
    w: &PackedConv,
    epilogue: Epilogue,
    out: ImageMut,
    scratch: &mut [f32],
) {
    input.check_numbers();
    out.check_numbers();
    let size = w.spec().output_size([input.h, input.w], w.kernel());
    assert_eq!([input.n, size[0], size[1]], [out.n, out.h, out.w], "size of the output");
    assert_eq!([input.c, out.c], [w.inputs(), w.outputs()], "channels of input and output");
    assert!(scratch.len() >= conv2d_scratch_len(w, input.shape(), ctx.pool.threads()), "scratch");
    epilogue.check(out.pixels.numbers());
    match w.form() {
        Form::Dense(dense) if dense.takes_pairs(w.spec()) => {}
        _ => input.check(),
    }
    if w.spec().groups > 1 {
        out.check();
        let adds = epilogue.residual_factors(Factors::F32);
        assert_eq!(adds, Factors::F32, "groups add numbers");
    }
    match w.form() {
        Form::Dense(dense) => dense.run(ctx, w, &input, epilogue, &out, scratch),
        Form::Depthwise(depthwise) => depthwise.run(ctx, w, &input, epilogue, &out),
        Form::Winograd(winograd) => winograd.run(ctx, w, &input, epilogue, &out, scratch),
    }
}

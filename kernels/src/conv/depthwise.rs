//! Depthwise convolutions: each output channel sees one input channel.

use super::{Conv2d, PackedConv};
use crate::activation;
use crate::gemm::panels::Aligned;
use crate::gemm::{Epilogue, Residual};
use crate::simd::{Kernel, Simd, dispatch};
use crate::{Context, Image, ImageMut, Isa};

/// Output pixels below which a piece of work is not worth a thread.
const ROW_PIECES: usize = 4;

/// `[taps][out]`, and how many output channels each input channel has.
pub(super) struct Depthwise {
    taps: Aligned,
    multiplier: usize,
}

impl Depthwise {
    pub(super) fn pack(_: Isa, spec: &Conv2d, [o, _, kh, kw]: [usize; 4], w: &[f32]) -> Depthwise {
        let mut taps = Aligned::zeros(kh * kw * o);
        for (tap, row) in taps.chunks_exact_mut(o.max(1)).enumerate() {
            for (channel, x) in row.iter_mut().enumerate() {
                *x = w[channel * kh * kw + tap];
            }
        }
        Depthwise { taps, multiplier: o / spec.groups }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.taps[..])
    }

    pub(super) fn run(
        &self,
        ctx: Context,
        w: &PackedConv,
        input: Image,
        epilogue: Epilogue,
        out: ImageMut,
    ) {
        let rows = out.n * out.h;
        let threads = ctx.pool.threads();
        let pieces = if threads == 1 { 1 } else { (threads * ROW_PIECES).min(rows) };
        let job = Job { depthwise: self, w, input: &input, epilogue: &epilogue, out: &out };
        ctx.pool.run(pieces, &|piece| {
            for row in rows * piece / pieces..rows * (piece + 1) / pieces {
                dispatch(w.isa(), Row { job: &job, n: row / out.h, y: row % out.h });
            }
        });
    }
}

struct Job<'a> {
    depthwise: &'a Depthwise,
    w: &'a PackedConv,
    input: &'a Image<'a>,
    epilogue: &'a Epilogue<'a>,
    out: &'a ImageMut<'a>,
}

/// One row of the output.
struct Row<'a> {
    job: &'a Job<'a>,
    n: usize,
    y: usize,
}

impl Kernel for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for x in 0..self.job.out.w {
            for channel in (0..self.job.out.c).step_by(S::LANES) {
                self.vector(s, x, channel);
            }
        }
    }
}

impl Row<'_> {
    #[inline(always)]
    fn vector<S: Simd>(&self, s: S, x: usize, channel: usize) {
        let Job { depthwise, w, input, epilogue, out } = self.job;
        let ([kh, kw], spec) = (w.kernel(), w.spec());
        let count = S::LANES.min(out.c - channel);
        let mut sum = match epilogue.bias {
            Some(bias) => s.load_partial(&bias[channel..channel + count]),
            None => s.zero(),
        };
        for ky in 0..kh {
            let iy = (self.y * spec.stride[0] + ky * spec.dilation[0]).wrapping_sub(spec.pad[0]);
            if iy >= input.h {
                continue;
            }
            for kx in 0..kw {
                let ix = (x * spec.stride[1] + kx * spec.dilation[1]).wrapping_sub(spec.pad[1]);
                if ix >= input.w {
                    continue;
                }
                let pixel = (self.n * input.h + iy) * input.w + ix;
                let from = input.pixels.ptr().wrapping_add(pixel * input.pixels.ld());
                let tap = (ky * kw + kx) * out.c + channel;
                let weight = s.load_partial(&depthwise.taps[tap..tap + count]);
                // SAFETY: the pixel is in the image, and has the channels that are read.
                let value = unsafe { channels(s, from, channel, count, depthwise.multiplier) };
                sum = s.mul_add(value, weight, sum);
            }
        }
        let pixel = (self.n * out.h + self.y) * out.w + x;
        let to = out.pixels.ptr().wrapping_add(pixel * out.pixels.ld() + channel);
        let (residual, before) = match epilogue.residual {
            None => (None, false),
            Some(Residual::InPlace { before_activation }) => {
                (Some(to.cast_const()), before_activation)
            }
            Some(Residual::Rows { rows, before_activation }) => {
                (Some(rows.ptr().wrapping_add(pixel * rows.ld() + channel)), before_activation)
            }
        };
        // SAFETY: the pixel is in the output and in the residual, with `count` channels from `channel` on.
        unsafe {
            let y = match residual {
                None => activation::apply(s, epilogue.activation, sum),
                Some(r) if before => {
                    let sum = s.add(sum, s.load_ptr_partial(r, count));
                    activation::apply(s, epilogue.activation, sum)
                }
                Some(r) => {
                    let y = activation::apply(s, epilogue.activation, sum);
                    s.add(y, s.load_ptr_partial(r, count))
                }
            };
            s.store_ptr_partial(y, to, count);
        }
    }
}

/// The input channels of the output channels `channel..channel + count`.
///
/// # Safety
/// The pixel at `pixel` has them.
#[inline(always)]
unsafe fn channels<S: Simd>(
    s: S,
    pixel: *const f32,
    channel: usize,
    count: usize,
    multiplier: usize,
) -> S::F32 {
    // SAFETY: the caller vouches for the pixel.
    unsafe {
        if multiplier == 1 {
            return s.load_ptr_partial(pixel.add(channel), count);
        }
        let mut lanes = [0.0; 16];
        for (lane, x) in lanes[..count].iter_mut().enumerate() {
            *x = *pixel.add((channel + lane) / multiplier);
        }
        s.load_ptr(lanes.as_ptr())
    }
}

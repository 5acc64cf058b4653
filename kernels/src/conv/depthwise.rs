//! Depthwise convolutions: each output channel sees one input channel.
//!
//! A block is some output pixels of a row. The input pixels that it reads are found once, through pointers, zeros standing
//! for those outside; then vectors of channels pass by, with one sum per output pixel in registers.

use std::mem::MaybeUninit;

use super::{Conv2d, PackedConv};
use crate::aligned::Aligned;
use crate::gemm::{Epilogue, Finish, Residual};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::part;
use crate::{Context, Factors, Image, ImageMut};

/// Pieces of work per thread, where there are several.
const PIECES: usize = 6;
/// Output pixels of a block.
const WIDTH: usize = 8;
/// Input pixels that a block may read in one row, and rows.
const COLUMNS: usize = 96;
const ROWS: usize = 16;

/// `[taps][out]`, and how many output channels each input channel has.
pub(super) struct Depthwise {
    taps: Aligned,
    multiplier: usize,
    zeros: Aligned,
}

impl Depthwise {
    pub(super) fn pack(spec: &Conv2d, [o, _, kh, kw]: [usize; 4], w: &[f32]) -> Depthwise {
        let mut taps = Aligned::zeros(kh * kw * o);
        for (tap, row) in taps.chunks_exact_mut(o.max(1)).enumerate() {
            for (channel, x) in row.iter_mut().enumerate() {
                *x = w[channel * kh * kw + tap];
            }
        }
        Depthwise { taps, multiplier: o / spec.groups, zeros: Aligned::zeros(spec.groups) }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.taps[..])
    }

    pub(super) fn run(
        &self,
        ctx: Context,
        w: &PackedConv,
        input: &Image,
        epilogue: Epilogue,
        out: &ImageMut,
    ) {
        let rows = out.n * out.h;
        let threads = ctx.pool.threads();
        let pieces = if threads == 1 { 1.min(rows) } else { (threads * PIECES).min(rows) };
        let job = Job { depthwise: self, w, input, epilogue: &epilogue, out };
        ctx.pool.run(pieces, &|piece| {
            let rows = part(rows, pieces, piece);
            dispatch(w.isa(), Lines { job: &job, rows });
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

impl Job<'_> {
    #[inline(always)]
    fn output(&self, pixel: usize, channel: usize) -> *mut f32 {
        self.out.pixels.ptr().wrapping_add(pixel * self.out.pixels.ld() + channel)
    }
}

/// Some rows of the output.
struct Lines<'a> {
    job: &'a Job<'a>,
    rows: std::ops::Range<usize>,
}

impl Kernel for Lines<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let job = self.job;
        let in_blocks = Block::fits(job);
        let mut block = Block::new(job);
        for row in self.rows {
            let (n, y) = (row / job.out.h, row % job.out.h);
            for x in (0..job.out.w).step_by(WIDTH) {
                let count = WIDTH.min(job.out.w - x);
                if in_blocks {
                    block.find([n, y, x], count);
                    block.run(s);
                } else {
                    (x..x + count).for_each(|x| single(s, job, [n, y, x]));
                }
            }
        }
    }
}

/// Some output pixels of a row, and the input pixels that they read.
struct Block<'a> {
    job: &'a Job<'a>,
    /// Index of the first output pixel.
    first: usize,
    count: usize,
    /// Kernel rows that read the input, and where each begins in the taps.
    rows: usize,
    taps: [usize; ROWS],
    pixels: [[MaybeUninit<*const f32>; COLUMNS]; ROWS],
}

impl<'a> Block<'a> {
    fn new(job: &'a Job<'a>) -> Block<'a> {
        let pixels = [[MaybeUninit::uninit(); COLUMNS]; ROWS];
        Block { job, first: 0, count: 0, rows: 0, taps: [0; ROWS], pixels }
    }

    /// Input columns that a block reads.
    fn columns(job: &Job) -> usize {
        let (spec, [_, kw]) = (job.w.spec(), job.w.kernel());
        (WIDTH - 1) * spec.stride[1] + (kw - 1) * spec.dilation[1] + 1
    }

    fn fits(job: &Job) -> bool {
        let [kh, _] = job.w.kernel();
        job.depthwise.multiplier == 1 && Block::columns(job) <= COLUMNS && kh <= ROWS
    }

    /// Finds the input pixels of `count` output pixels from `(n, y, x)` on.
    fn find(&mut self, [n, y, x]: [usize; 3], count: usize) {
        let job = self.job;
        let (spec, [kh, kw]) = (job.w.spec(), job.w.kernel());
        let (input, ld) = (job.input, job.input.pixels.ld());
        let left = (x * spec.stride[1]).wrapping_sub(spec.pad[1]);
        self.first = (n * job.out.h + y) * job.out.w + x;
        self.count = count;
        self.rows = 0;
        for ky in 0..kh {
            let iy = (y * spec.stride[0] + ky * spec.dilation[0]).wrapping_sub(spec.pad[0]);
            if iy >= input.h {
                continue;
            }
            let line = input.pixels.ptr().wrapping_add((n * input.h + iy) * input.w * ld);
            let columns = &mut self.pixels[self.rows][..Block::columns(job)];
            for (column, to) in columns.iter_mut().enumerate() {
                let ix = left.wrapping_add(column);
                let inside = ix < input.w;
                let zeros = job.depthwise.zeros.as_ptr();
                to.write(if inside { line.wrapping_add(ix * ld) } else { zeros });
            }
            self.taps[self.rows] = ky * kw * job.out.c;
            self.rows += 1;
        }
    }

    #[inline(always)]
    fn run<S: Simd>(&self, s: S) {
        let (spec, [_, kw]) = (self.job.w.spec(), self.job.w.kernel());
        match (kw, spec.stride[1], spec.dilation[1]) {
            (3, 1, 1) => self.of_size::<S, 3, 1>(s),
            (3, 2, 1) => self.of_size::<S, 3, 2>(s),
            (5, 1, 1) => self.of_size::<S, 5, 1>(s),
            (5, 2, 1) => self.of_size::<S, 5, 2>(s),
            (7, 1, 1) => self.of_size::<S, 7, 1>(s),
            (7, 2, 1) => self.of_size::<S, 7, 2>(s),
            _ => self.of_size::<S, 0, 0>(s),
        }
    }

    /// All channels, for kernels of width `KW` and stride `STRIDE`; zeros stand for any.
    #[inline(always)]
    fn of_size<S: Simd, const KW: usize, const STRIDE: usize>(&self, s: S) {
        if self.count > 4 && S::LANES == 8 && KW > 3 {
            s.call(Channels::<KW, STRIDE, 4> { block: self, from: 0 });
            s.call(Channels::<KW, STRIDE, 4> { block: self, from: 4 });
        } else if self.count <= 4 {
            s.call(Channels::<KW, STRIDE, 4> { block: self, from: 0 });
        } else {
            s.call(Channels::<KW, STRIDE, WIDTH> { block: self, from: 0 });
        }
    }
}

/// All channels of the output pixels `from..from + W` of a block.
struct Channels<'a, const KW: usize, const STRIDE: usize, const W: usize> {
    block: &'a Block<'a>,
    from: usize,
}

impl<const KW: usize, const STRIDE: usize, const W: usize> Kernel for Channels<'_, KW, STRIDE, W> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let c = self.block.job.out.c;
        let whole = c / S::LANES * S::LANES;
        for channel in (0..whole).step_by(S::LANES) {
            self.vector::<S, false>(s, channel, S::LANES);
        }
        if whole < c {
            self.vector::<S, true>(s, whole, c - whole);
        }
    }
}

impl<const KW: usize, const STRIDE: usize, const W: usize> Channels<'_, KW, STRIDE, W> {
    #[inline(always)]
    fn vector<S: Simd, const PART: bool>(&self, s: S, channel: usize, lanes: usize) {
        let (block, from) = (self.block, self.from);
        let job = block.job;
        let spec = job.w.spec();
        // SAFETY: the pixels were found by `new`; each has `lanes` channels from `channel` on, and so have the taps.
        let load = |from: *const f32| unsafe {
            if PART { s.load_ptr_partial(from, lanes) } else { s.load_ptr(from) }
        };
        let (kw, stride, dilation) = if KW == 0 {
            (job.w.kernel()[1], spec.stride[1], spec.dilation[1])
        } else {
            (KW, STRIDE, 1)
        };
        let bias = match job.epilogue.bias {
            Some(bias) => load(bias[channel..].as_ptr()),
            None => s.zero(),
        };
        let mut sums = [bias; W];
        for (row, tap) in block.pixels[..block.rows].iter().zip(block.taps) {
            let row = row.as_ptr().cast::<*const f32>().wrapping_add(from * stride);
            let taps = job.depthwise.taps.as_ptr().wrapping_add(tap + channel);
            for kx in 0..kw {
                let weight = load(taps.wrapping_add(kx * job.out.c));
                for (i, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: `new` wrote the pixels of all columns of a block.
                    let pixel = unsafe { *row.wrapping_add(i * stride + kx * dilation) };
                    *sum = s.mul_add(load(pixel.wrapping_add(channel)), weight, *sum);
                }
            }
        }
        let count = block.count - from;
        let first = block.first + from;
        if job.epilogue.is_plain() {
            let floor = s.splat(job.epilogue.floor());
            for (i, sum) in sums.into_iter().enumerate().take(count) {
                let to = job.output(first + i, channel);
                // SAFETY: the pixel is in the output and has `lanes` channels from `channel` on.
                unsafe {
                    let y = s.max(floor, sum);
                    if PART { s.store_ptr_partial(y, to, lanes) } else { s.store_ptr(y, to) }
                }
            }
        } else {
            let mut stored = Sums([0.0; WIDTH * 16]);
            for (sum, to) in sums.into_iter().zip(stored.0.chunks_exact_mut(16)) {
                s.store(sum, to);
            }
            s.call(Finished { job, first, channel, lanes, sums: &stored.0[..count.min(W) * 16] });
        }
    }
}

#[repr(C, align(64))]
struct Sums([f32; WIDTH * 16]);

/// Sums of channels of some pixels, 16 apart, that the epilogue is applied to.
struct Finished<'a> {
    job: &'a Job<'a>,
    first: usize,
    channel: usize,
    lanes: usize,
    sums: &'a [f32],
}

impl Kernel for Finished<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (job, channel) = (self.job, self.channel);
        let mut out = [std::ptr::null_mut(); WIDTH];
        let mut residual = [std::ptr::null(); WIDTH];
        let count = self.sums.len() / 16;
        for i in 0..count {
            out[i] = job.output(self.first + i, channel);
            residual[i] = match job.epilogue.residual {
                Some(Residual::Rows { rows, .. }) => {
                    rows.ptr().wrapping_add((self.first + i) * rows.ld() + channel)
                }
                _ => out[i].cast_const(),
            };
        }
        let residuals = if job.epilogue.residual.is_some() { count } else { 0 };
        let finish = Finish {
            sums: self.sums.as_ptr(),
            stride: 16,
            columns: self.lanes,
            out: &out[..count],
            residual: &residual[..residuals],
            adds: Factors::F32,
            before_activation: job.epilogue.adds_before_activation(),
            activation: job.epilogue.activation,
            writes: Factors::F32,
        };
        finish.run(s);
    }
}

/// One pixel, any kernel and any multiplier.
#[inline(always)]
fn single<S: Simd>(s: S, job: &Job, [n, y, x]: [usize; 3]) {
    let pixel = (n * job.out.h + y) * job.out.w + x;
    for channel in (0..job.out.c).step_by(S::LANES) {
        let lanes = S::LANES.min(job.out.c - channel);
        let mut sums = [0.0; 16];
        for (lane, sum) in sums[..lanes].iter_mut().enumerate() {
            *sum = single_sum(job, [n, y, x], channel + lane);
        }
        s.call(Finished { job, first: pixel, channel, lanes, sums: &sums });
    }
}

fn single_sum(job: &Job, [n, y, x]: [usize; 3], channel: usize) -> f32 {
    let (spec, [kh, kw], input) = (job.w.spec(), job.w.kernel(), job.input);
    let mut sum = job.epilogue.bias.map_or(0.0, |bias| bias[channel]);
    for tap in 0..kh * kw {
        let iy = (y * spec.stride[0] + tap / kw * spec.dilation[0]).wrapping_sub(spec.pad[0]);
        let ix = (x * spec.stride[1] + tap % kw * spec.dilation[1]).wrapping_sub(spec.pad[1]);
        if iy < input.h && ix < input.w {
            let pixel = ((n * input.h + iy) * input.w + ix) * input.pixels.ld();
            let from = input.pixels.ptr().wrapping_add(pixel + channel / job.depthwise.multiplier);
            // SAFETY: the pixel is in the image, the channel one of the input's.
            sum += unsafe { *from } * job.depthwise.taps[tap * job.out.c + channel];
        }
    }
    sum
}

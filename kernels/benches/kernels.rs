//! Speed of the compute-bound kernels, in GFLOP/s and as a share of this machine's multiply-add peak.
//!
//! `cargo bench -p ocelli-kernels -- [--quick] [--threads N] [FILTER]`; `OCELLI_ISA` forces an instruction set.

#![allow(clippy::print_stdout, missing_docs, reason = "a program that prints a table")]
#![allow(clippy::inline_always, reason = "kernels become instructions only where they are inlined")]

use std::hint::black_box;
use std::time::Instant;

use ocelli_kernels::attention::{Attention, attention, attention_scratch_len};
use ocelli_kernels::conv::{Conv2d, PackedConv, conv2d, conv2d_scratch_len};
use ocelli_kernels::gemm::{Epilogue, PackedMatrix, linear};
use ocelli_kernels::simd::{Kernel, Simd, dispatch};
use ocelli_kernels::{Context, Image, ImageMut, Isa, Pool, Rows, RowsMut};

/// m, n, k
const LINEAR: &[[usize; 3]] = &[
    [580, 1536, 384],
    [580, 384, 1536],
    [580, 384, 384],
    [3136, 256, 64],
    [3136, 64, 256],
    [196, 1024, 256],
    [196, 256, 1024],
    [49, 512, 2048],
    [49, 2048, 512],
    [300, 256, 256],
    [1, 1000, 2048],
    [6400, 32, 32],
];

/// h = w, in, out, kernel, stride, groups
const CONV: &[[usize; 6]] = &[
    [24, 128, 128, 3, 1, 1],
    [80, 128, 128, 3, 1, 1],
    [56, 64, 64, 3, 1, 1],
    [14, 256, 256, 3, 1, 1],
    [7, 512, 512, 3, 1, 1],
    [160, 32, 32, 3, 1, 1],
    [160, 16, 16, 3, 1, 1],
    [320, 16, 32, 3, 2, 1],
    [224, 3, 64, 7, 2, 1],
    [640, 3, 16, 3, 2, 1],
    [224, 3, 384, 16, 16, 1],
    [56, 128, 128, 3, 1, 32],
    [56, 96, 96, 7, 1, 96],
    [112, 64, 64, 3, 1, 64],
    [112, 64, 64, 3, 2, 64],
    [28, 192, 192, 5, 1, 192],
];

/// heads, queries, keys, width of a head
const ATTENTION: &[[usize; 4]] = &[[6, 580, 580, 64], [12, 197, 197, 64], [8, 300, 300, 32]];

struct Bench<'a> {
    ctx: Context<'a>,
    peak: f64,
    seconds: f64,
    filter: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let after = |name: &str| arguments.iter().position(|a| a == name).map(|i| i + 1);
    let threads = after("--threads").and_then(|i| arguments.get(i)?.parse().ok()).unwrap_or(1);
    let filter = arguments
        .iter()
        .enumerate()
        .find(|(i, a)| !a.starts_with("--") && Some(*i) != after("--threads"));
    let isa = match Isa::chosen() {
        Ok(isa) => isa,
        Err(error) => return println!("{error}"),
    };
    let pool = Pool::new(threads);
    let bench = Bench {
        ctx: Context { isa, pool: &pool },
        peak: peak(isa) * threads as f64,
        seconds: if arguments.iter().any(|a| a == "--quick") { 0.05 } else { 0.4 },
        filter: filter.map_or(String::new(), |(_, f)| f.clone()),
    };
    println!("{isa}, {threads} threads, multiply-add peak {:.1} GFLOP/s", bench.peak);
    for shape in LINEAR {
        bench.linear(*shape);
    }
    for shape in CONV {
        bench.conv(*shape);
    }
    for shape in ATTENTION {
        bench.attention(*shape);
    }
}

impl Bench<'_> {
    /// Prints the best of many runs.
    fn report(&self, name: &str, flop: usize, mut run: impl FnMut()) {
        let mut best = f64::INFINITY;
        let begin = Instant::now();
        while begin.elapsed().as_secs_f64() < self.seconds {
            let start = self.now(begin);
            run();
            best = best.min(self.now(begin) - start);
        }
        let speed = flop as f64 / best / 1e9;
        let share = 100.0 * speed / self.peak;
        println!("{name:44} {:9.1} us {speed:7.1} GFLOP/s {share:5.1} %", best * 1e6);
    }

    /// Seconds; of this thread's own time where it runs alone, so that a busy machine does not count.
    fn now(&self, begin: Instant) -> f64 {
        if self.ctx.pool.threads() == 1 { thread_seconds() } else { None }
            .unwrap_or_else(|| begin.elapsed().as_secs_f64())
    }

    fn linear(&self, [m, n, k]: [usize; 3]) {
        let name = format!("linear {m}x{n}x{k}");
        if !name.contains(&self.filter) {
            return;
        }
        let (x, mut y) = (numbers(m * k), numbers(m * n));
        let w = PackedMatrix::from_rows_out_in(self.ctx.isa, n, k, &numbers(n * k));
        let bias = numbers(n);
        self.report(&name, 2 * m * n * k, || {
            let out = RowsMut::dense(&mut y, n);
            linear(self.ctx, Rows::dense(&x, k), &w, Epilogue::bias(&bias), out);
        });
    }

    fn conv(&self, [size, i, o, kernel, stride, groups]: [usize; 6]) {
        let name = format!("conv {size}x{size} {i}->{o} k{kernel} s{stride} g{groups}");
        if !name.contains(&self.filter) {
            return;
        }
        let pad = if kernel == stride { 0 } else { kernel / 2 };
        let spec = Conv2d { stride: [stride; 2], pad: [pad; 4], groups, ..Conv2d::default() };
        let shape = [o, i / groups, kernel, kernel];
        let weights = numbers(shape.iter().product());
        let w = PackedConv::new(self.ctx.isa, spec, shape, &weights);
        let [oh, ow] = spec.output_size([size; 2], [kernel; 2]);
        let (x, mut y) = (numbers(size * size * i), numbers(oh * ow * o));
        let bias = numbers(o);
        let mut scratch = numbers(conv2d_scratch_len(&w, [1, size, size, i]));
        self.report(&name, 2 * oh * ow * weights.len(), || {
            let input = Image::dense(&x, [1, size, size, i]);
            let out = ImageMut::dense(&mut y, [1, oh, ow, o]);
            conv2d(self.ctx, input, &w, Epilogue::bias(&bias), out, &mut scratch);
        });
    }

    fn attention(&self, [heads, q_len, kv_len, dim]: [usize; 4]) {
        let name = format!("attention {heads} heads {q_len}x{kv_len}x{dim}");
        if !name.contains(&self.filter) {
            return;
        }
        let shape = Attention {
            batch: 1,
            heads,
            q_len,
            kv_len,
            head_dim: dim,
            v_dim: dim,
            scale: 0.1,
            causal: false,
        };
        let width = heads * dim;
        let (q, k, v) = (numbers(q_len * width), numbers(kv_len * width), numbers(kv_len * width));
        let mut y = numbers(q_len * width);
        let mut scratch = numbers(attention_scratch_len(self.ctx.isa, &shape));
        self.report(&name, 4 * heads * q_len * kv_len * dim, || {
            let inputs = [Rows::dense(&q, width), Rows::dense(&k, width), Rows::dense(&v, width)];
            let out = RowsMut::dense(&mut y, width);
            attention(self.ctx, &shape, inputs, None, out, &mut scratch);
        });
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn thread_seconds() -> Option<f64> {
    const CLOCK_THREAD_CPUTIME_ID: i32 = 3;
    unsafe extern "C" {
        fn clock_gettime(clock: i32, time: *mut [i64; 2]) -> i32;
    }
    let mut time = [0; 2];
    // SAFETY: on this target a `timespec` is two 64-bit integers.
    let result = unsafe { clock_gettime(CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    (result == 0).then_some(time[0] as f64 + time[1] as f64 * 1e-9)
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn thread_seconds() -> Option<f64> {
    None
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect()
}

/// The multiply-adds of one thread when nothing is loaded or stored, in GFLOP/s.
fn peak(isa: Isa) -> f64 {
    const ROUNDS: usize = 200_000;
    struct Peak;
    impl Kernel for Peak {
        type Output = f64;

        #[inline(always)]
        fn run<S: Simd>(self, s: S) -> f64 {
            let mut sums = [s.splat(1.0); 12];
            let (a, b) = (black_box(s.splat(0.999)), black_box(s.splat(0.001)));
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = s.mul_add(*sum, a, b);
                }
            }
            let total = sums.into_iter().fold(s.zero(), |x, y| s.add(x, y));
            black_box(s.reduce_add(total));
            (2 * ROUNDS * 12 * S::LANES) as f64
        }
    }
    let mut best = f64::INFINITY;
    let mut flop = 0.0;
    for _ in 0..20 {
        let start = Instant::now();
        flop = dispatch(isa, Peak);
        best = best.min(start.elapsed().as_secs_f64());
    }
    flop / best / 1e9
}

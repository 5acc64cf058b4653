//! What the processor could do if it only multiplied and added.

use std::hint::black_box;
use std::time::Instant;

use ocelli_kernels::simd::{Kernel, Simd, dispatch};
use ocelli_kernels::{Isa, Pool};

use super::CpuExecutor;

/// Independent sums: enough to hide the latency of a multiply-add, few enough for the registers.
const SUMS: usize = 12;
const ROUNDS: usize = 100_000;
const REPEATS: usize = 20;

impl CpuExecutor {
    /// The multiply-add peak of the executor's threads and instruction set in GFLOP/s, measured now: the best of some
    /// tries of a few milliseconds in which nothing is loaded or stored.
    pub fn peak_gflops(&self) -> f64 {
        measure(self.isa, &self.pool)
    }
}

fn measure(isa: Isa, pool: &Pool) -> f64 {
    let threads = pool.threads();
    let flops = 2.0 * (ROUNDS * SUMS * lanes(isa) * threads) as f64;
    let seconds = (0..REPEATS).map(|_| {
        let start = Instant::now();
        pool.run(threads, &|_| dispatch(isa, MultiplyAdd));
        start.elapsed().as_secs_f64()
    });
    flops / seconds.fold(f64::INFINITY, f64::min) / 1e9
}

fn lanes(isa: Isa) -> usize {
    struct Lanes;
    impl Kernel for Lanes {
        type Output = usize;

        fn run<S: Simd>(self, _: S) -> usize {
            S::LANES
        }
    }
    dispatch(isa, Lanes)
}

struct MultiplyAdd;

impl Kernel for MultiplyAdd {
    type Output = ();

    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "it becomes vector instructions only where it is inlined"
    )]
    fn run<S: Simd>(self, s: S) {
        let (a, b) = (black_box(s.splat(0.999)), black_box(s.splat(0.001)));
        let mut sums = [s.splat(1.0); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = s.mul_add(*sum, a, b);
            }
        }
        let total = sums.into_iter().fold(s.zero(), |x, y| s.add(x, y));
        black_box(s.reduce_add(total));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_positive_and_finite() {
        let peak = measure(Isa::Scalar, &Pool::new(1));
        assert!(peak > 0.0 && peak.is_finite(), "{peak}");
    }
}

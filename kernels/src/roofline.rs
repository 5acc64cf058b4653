//! What the machine could do if it only multiplied and added, and if it only read.

use std::hint::black_box;
use std::time::Instant;

use crate::aligned::{Aligned, ZEROS};
use crate::gemm::tile::{MAX_MR, MAX_NR, TileArgs, groups_of, has_groups, tile, tile_shape};
use crate::simd::{Kernel, Simd, dispatch_bf16, dispatch_products};
use crate::{Isa, Pool, Products};

/// Independent sums: enough to hide the latency of a multiply-add, few enough for the registers.
const SUMS: usize = 12;
const ROUNDS: usize = 100_000;
const REPEATS: usize = 20;
/// Tiles of a try, and pairs of bf16 in their rows: both sides stay in the first cache.
const TILES: usize = 2000;
const TILE_PAIRS: usize = 128;

/// 128 MiB of numbers.
pub const BEYOND_CACHES: usize = 32 << 20;

/// Multiply-adds of `products`, two operations each, in GFLOP/s: the best of some tries of a few milliseconds in which
/// nothing is loaded or stored, or little from the first cache where products of tiles are faster.
pub fn multiply_adds(isa: Isa, products: Products, pool: &Pool) -> f64 {
    let threads = pool.threads();
    if has_groups(isa, products) {
        let tiles = Tiles { thirds: products == Products::Bf16x3 };
        let best = best_of(REPEATS, || pool.run(threads, &|_| dispatch_products(isa, tiles)));
        return (4 * TILES * MAX_MR * MAX_NR * TILE_PAIRS * threads) as f64 / best / 1e9;
    }
    let each = if products.are_of_pairs() { 4.0 } else { 2.0 };
    let flops = each * (ROUNDS * SUMS * lanes(isa) * threads) as f64;
    let best =
        best_of(REPEATS, || pool.run(threads, &|_| dispatch_bf16(isa, MultiplyAdd(products))));
    flops / best / 1e9
}

/// What is read from memory, in GB/s: the best of some readings of `count` numbers, each thread its own part. Take more
/// than caches hold, such as [`BEYOND_CACHES`].
pub fn stream(isa: Isa, pool: &Pool, count: usize) -> f64 {
    let threads = pool.threads();
    let numbers = vec![1.0; count];
    let part = count.div_ceil(threads);
    let read = |thread: usize| {
        let start = (thread * part).min(count);
        dispatch_bf16(isa, Read(&numbers[start..(start + part).min(count)]));
    };
    (count * size_of::<f32>()) as f64 / best_of(3, || pool.run(threads, &read)) / 1e9
}

fn best_of(repeats: usize, run: impl Fn()) -> f64 {
    let seconds = (0..repeats).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    });
    seconds.fold(f64::INFINITY, f64::min)
}

fn lanes(isa: Isa) -> usize {
    struct Lanes;
    impl Kernel for Lanes {
        type Output = usize;

        fn run<S: Simd>(self, _: S) -> usize {
            S::LANES
        }
    }
    dispatch_bf16(isa, Lanes)
}

struct MultiplyAdd(Products);

impl Kernel for MultiplyAdd {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let (a, b) = (black_box(s.splat(0.999)), black_box(s.splat(0.001)));
        let mut sums = [s.splat(1.0); SUMS];
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                *sum = match self.0 {
                    Products::F32 => s.mul_add(*sum, a, b),
                    _ => s.dot_pairs(a, b, *sum),
                };
            }
        }
        let total = sums.into_iter().fold(s.zero(), |x, y| s.add(x, y));
        black_box(s.reduce_add(total));
    }
}

/// Products of a tile of pairs, the same again and again.
#[derive(Clone, Copy)]
struct Tiles {
    thirds: bool,
}

impl Kernel for Tiles {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let left = Aligned::zeros(3 * MAX_MR * TILE_PAIRS);
        let right = Aligned::zeros(3 * MAX_NR * TILE_PAIRS);
        let mut out = Aligned::zeros(MAX_MR * MAX_NR);
        let mut rows = [std::ptr::null(); MAX_MR];
        let mut to = [std::ptr::null_mut(); MAX_MR];
        for (i, (row, to)) in rows.iter_mut().zip(&mut to).enumerate() {
            *row = left[3 * i * TILE_PAIRS..].as_ptr();
            *to = out[i * MAX_NR..].as_mut_ptr();
        }
        let args = TileArgs {
            rows: &raw const rows,
            taps: 1,
            k: TILE_PAIRS,
            third: if self.thirds { TILE_PAIRS } else { 0 },
            panel: right.as_ptr(),
            init: ZEROS.as_ptr(),
            init_ld: 0,
            floor: f32::NEG_INFINITY,
            out: to.as_ptr(),
            fetch: None,
        };
        for _ in 0..TILES {
            let groups = groups_of(S::ISA, Products::Bf16, tile_shape(S::ISA, Products::Bf16).0);
            // SAFETY: both sides and the output have the extents of the largest tile.
            unsafe { tile::<S, true>(s, groups, MAX_NR, args) };
        }
        black_box(out[0]);
    }
}

struct Read<'a>(&'a [f32]);

impl Kernel for Read<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut sums = [s.zero(); SUMS];
        for numbers in self.0.chunks_exact(SUMS * S::LANES) {
            for (sum, numbers) in sums.iter_mut().zip(numbers.chunks_exact(S::LANES)) {
                *sum = s.add(*sum, s.load(numbers));
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
    fn both_axes_are_positive_and_finite() {
        let pool = Pool::new(1);
        let found = multiply_adds(Isa::Scalar, Products::F32, &pool);
        assert!(found > 0.0 && found.is_finite(), "{found}");
        let found = stream(Isa::Scalar, &pool, 1 << 16);
        assert!(found > 0.0 && found.is_finite(), "{found}");
    }
}

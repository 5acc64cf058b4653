//! What an executor could do if it only multiplied and added, and if it only read.

use ocelli_kernels::Products;
use ocelli_kernels::roofline::{BEYOND_CACHES, multiply_adds, stream};

use super::CpuExecutor;

/// The two axes: no program takes less than the larger of its operations over `gflops` and its bytes over `gbytes`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roofline {
    /// Multiply-adds in the executor's precision, two operations each, in billions a second.
    pub gflops: f64,
    /// What is read from memory, in billions of bytes a second.
    pub gbytes: f64,
}

impl Roofline {
    /// The least seconds that so many operations and bytes take.
    pub fn seconds(&self, flops: u64, bytes: u64) -> f64 {
        (flops as f64 / self.gflops).max(bytes as f64 / self.gbytes) / 1e9
    }
}

impl CpuExecutor {
    /// Measures the roofline of the executor's threads, instruction set and precision; takes some tenths of a second.
    pub fn roofline(&self) -> Roofline {
        let fastest = Products::fastest(self.isa, self.factors, [usize::MAX; 4]);
        let gflops = [Products::of(self.factors), fastest]
            .map(|products| multiply_adds(self.isa, products, &self.pool));
        let gflops = gflops[0].max(gflops[1]);
        Roofline { gflops, gbytes: stream(self.isa, &self.pool, BEYOND_CACHES) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_axis_counts() {
        let roofline = Roofline { gflops: 100.0, gbytes: 10.0 };
        assert!((roofline.seconds(100_000_000_000, 1) - 1.0).abs() < 1e-9);
        assert!((roofline.seconds(1, 20_000_000_000) - 2.0).abs() < 1e-9);
    }
}

//! How the rows of factors lie that tiles read.

use super::fetch::CACHE_LINE;
use crate::{Factors, Isa, Products};

/// A row of factors of one tap.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Floats of it, or of a third of it.
    pub(crate) depth: usize,
    /// Floats from one third to the next; zero where it is not cut.
    pub(crate) third: usize,
    /// Floats from one row to the next, where they lie together.
    pub(crate) ld: usize,
}

impl Row {
    /// Of `k` factors. Thirds are whole vectors, and their rows an odd number of cache lines apart, so that those of a tile fall
    /// on different sets of a cache.
    #[inline(always)]
    pub(crate) fn new(isa: Isa, products: Products, k: usize) -> Row {
        let pairs = Factors::Bf16.floats(k);
        match products {
            Products::F32 => Row { depth: k, third: 0, ld: k },
            Products::Bf16 => Row { depth: pairs, third: 0, ld: pairs },
            Products::Bf16x3 => {
                let third = pairs.next_multiple_of(isa.lanes());
                Row { depth: pairs, third, ld: (3 * third) | CACHE_LINE }
            }
        }
    }
}

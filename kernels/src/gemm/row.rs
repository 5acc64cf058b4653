//! How the rows of factors lie that tiles read.

use super::fetch::CACHE_LINE;
use super::row_stride;
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
    /// Of `k` factors. Pairs are whole vectors, and rows of thirds an odd number of cache lines apart, so that those of a tile
    /// fall on different sets of a cache.
    #[inline(always)]
    pub(crate) fn new(isa: Isa, products: Products, k: usize) -> Row {
        let pairs = Factors::Bf16.floats(k);
        let vectors = pairs.next_multiple_of(isa.lanes());
        match products {
            Products::F32 => Row { depth: k, third: 0, ld: k },
            Products::Bf16 => Row { depth: pairs, third: 0, ld: row_stride(vectors) },
            Products::Bf16x3 => {
                Row { depth: pairs, third: vectors, ld: (3 * vectors) | CACHE_LINE }
            }
        }
    }
}

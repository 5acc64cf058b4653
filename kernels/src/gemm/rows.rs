//! Rows times a packed matrix.

use std::ops::Range;

use super::indirect::Product;
use super::source::{Source, Table};
use super::{Epilogue, PackedMatrix};
use crate::{Context, Factors, Products, Rows, RowsMut};

/// The distance at which rows of `width` floats are well read by products.
///
/// Rows that are a multiple of 2 KiB apart fall on two sets of a first-level cache (64 sets of 64 bytes), and a tile has
/// more rows than two sets have ways: a cache line is left free between such rows.
pub const fn row_stride(width: usize) -> usize {
    const COLLIDING: usize = 512;
    const CACHE_LINE: usize = 16;
    if width > 0 && width.is_multiple_of(COLLIDING) { width + CACHE_LINE } else { width }
}

/// Rows that follow each other `ld` apart.
pub(crate) struct Strided {
    pub(crate) ptr: *const f32,
    pub(crate) ld: usize,
}

// SAFETY: it is only read.
unsafe impl Sync for Strided {}

impl Source for Strided {
    #[inline(always)]
    fn gather(&self, rows: Range<usize>, at: usize, _: Range<usize>, table: &mut Table) {
        for (to, row) in table.rows[0][at..].iter_mut().zip(rows) {
            *to = self.ptr.wrapping_add(row * self.ld);
        }
    }
}

/// `[rows, k]` to `[rows, n]`: `y = epilogue(x * w)`.
///
/// # Panics
/// When `x` has no `k` columns, `out` no `n`, or their numbers of rows differ; and when `x` holds pairs for weights that are
/// none.
#[allow(clippy::needless_pass_by_value, reason = "a view of an output is used up")]
pub fn linear(ctx: Context, x: Rows, w: &PackedMatrix, epilogue: Epilogue, out: RowsMut) {
    assert_eq!(x.rows(), out.rows(), "input and output have the same rows");
    x.check_numbers(w.k());
    out.check_numbers(w.n());
    let pairs = w.products() == Products::Bf16;
    assert!(pairs || x.factors() == Factors::F32, "pairs for weights that are none");
    epilogue.check(out.numbers());
    let product = Product {
        isa: w.isa(),
        products: w.products(),
        reads: x.factors(),
        writes: out.factors(),
        source: Strided { ptr: x.data(), ld: x.ld() },
        m: x.rows(),
        n: w.n(),
        taps: 1,
        k: w.k(),
        panels: w.panels(),
        out: out.data(),
        ld: out.ld(),
        epilogue,
    };
    // SAFETY: both views were checked for the widths that are read and written.
    unsafe { product.run(ctx) };
}

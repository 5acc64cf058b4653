//! Right-hand sides, cut into panels of as many columns as a register tile has.

use std::ops::Range;

use super::tile::tile_shape;
use crate::Isa;

/// The columns of a panel for `isa`.
pub(crate) fn panel_width(isa: Isa) -> usize {
    tile_shape(isa.lanes()).1
}

/// Floats that `k` rows of `n` columns take in panels.
pub(crate) fn panels_len(isa: Isa, k: usize, n: usize) -> usize {
    let nr = panel_width(isa);
    n.div_ceil(nr) * nr * k
}

/// Copies the columns of panel `panel` of a `[k, n]` matrix to `[k][NR]`, zero where columns end.
///
/// `at(p, column)` is an element.
pub(crate) fn pack_panel(
    to: &mut [f32],
    nr: usize,
    columns: Range<usize>,
    at: impl Fn(usize, usize) -> f32,
) {
    for (p, row) in to.chunks_exact_mut(nr).enumerate() {
        for (x, column) in row.iter_mut().zip(columns.start..) {
            *x = if column < columns.end { at(p, column) } else { 0.0 };
        }
    }
}

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct CacheLine([f32; 16]);

/// Floats that begin at a cache line.
pub(crate) struct Aligned {
    lines: Vec<CacheLine>,
    len: usize,
}

impl Aligned {
    pub(crate) fn zeros(len: usize) -> Aligned {
        Aligned { lines: vec![CacheLine([0.0; 16]); len.div_ceil(16)], len }
    }
}

impl std::ops::Deref for Aligned {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: the lines are floats without padding, and hold `len` of them.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl std::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: the lines are floats without padding, and hold `len` of them.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

/// A `[k, n]` matrix packed for an instruction set: `[n / NR][k][NR]`, the last panel padded with zeros.
pub struct PackedMatrix {
    isa: Isa,
    k: usize,
    n: usize,
    panels: Aligned,
}

impl PackedMatrix {
    /// Packs the weight of a PyTorch linear layer, `[out, in]`.
    ///
    /// # Panics
    /// When `w` does not hold `n_out * k_in` numbers.
    pub fn from_rows_out_in(isa: Isa, n_out: usize, k_in: usize, w: &[f32]) -> PackedMatrix {
        assert_eq!(w.len(), n_out * k_in, "weight [{n_out}, {k_in}]");
        PackedMatrix::pack(isa, k_in, n_out, |p, column| w[column * k_in + p])
    }

    /// Packs `k` rows of `n` columns, `ldb` floats apart.
    ///
    /// # Panics
    /// When `b` is too short.
    pub fn from_k_n(isa: Isa, k: usize, n: usize, b: &[f32], ldb: usize) -> PackedMatrix {
        assert!(k == 0 || b.len() >= (k - 1) * ldb + n, "matrix [{k}, {n}] of leading {ldb}");
        PackedMatrix::pack(isa, k, n, |p, column| b[p * ldb + column])
    }

    fn pack(isa: Isa, k: usize, n: usize, at: impl Fn(usize, usize) -> f32) -> PackedMatrix {
        let isa = isa.or_scalar();
        let nr = panel_width(isa);
        let mut panels = Aligned::zeros(panels_len(isa, k, n));
        for (i, panel) in panels.chunks_exact_mut((k * nr).max(1)).enumerate() {
            pack_panel(panel, nr, i * nr..n.min((i + 1) * nr), &at);
        }
        PackedMatrix { isa, k, n, panels }
    }

    /// The instruction set that it is packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Rows of the matrix, the inputs of the layer.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Columns of the matrix, the outputs of the layer.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Memory taken.
    pub fn bytes(&self) -> usize {
        size_of_val(&self.panels[..])
    }

    pub(super) fn panels(&self) -> &[f32] {
        &self.panels
    }
}

impl std::fmt::Debug for PackedMatrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let PackedMatrix { isa, k, n, .. } = self;
        write!(f, "PackedMatrix [{k}, {n}] for {isa}")
    }
}

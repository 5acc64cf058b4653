//! Right-hand sides, cut into panels of as many columns as a register tile has.

use super::tile::tile_shape;
use crate::aligned::Aligned;
use crate::simd::bf16::{exact_pair, pair, thirds};
use crate::{Isa, Products};

/// How `n` columns are cut: panels of a register tile's width, the last of half that width where that is enough.
#[derive(Clone, Copy)]
pub(crate) struct Panels {
    n: usize,
    width: usize,
}

/// One panel: columns `first..first + columns`, padded to `width`.
#[derive(Clone, Copy)]
pub(crate) struct Panel {
    pub(crate) first: usize,
    pub(crate) columns: usize,
    pub(crate) width: usize,
}

impl Panels {
    pub(crate) fn new(isa: Isa, n: usize) -> Panels {
        Panels { n, width: tile_shape(isa, Products::F32).1 }
    }

    pub(crate) fn count(self) -> usize {
        self.n.div_ceil(self.width)
    }

    #[inline(always)]
    pub(crate) fn get(self, index: usize) -> Panel {
        let first = index * self.width;
        let columns = self.width.min(self.n - first);
        let width = if columns <= self.width / 2 { self.width / 2 } else { self.width };
        Panel { first, columns, width }
    }

    /// Floats of `k` rows; the panel whose first column is `c` begins at `k * c`.
    pub(crate) fn len(self, k: usize) -> usize {
        let last = self.count().checked_sub(1).map(|last| self.get(last));
        last.map_or(0, |last| k * (last.first + last.width))
    }

    /// Packs a `[taps * k, n]` matrix, of which `at(tap, p, column)` is an element, for some products:
    /// `[n / width][taps][products.floats(k)][width]`.
    pub(crate) fn pack_for(
        self,
        to: &mut [f32],
        products: Products,
        [taps, k]: [usize; 2],
        at: impl Fn(usize, usize, usize) -> f32,
    ) {
        let floats = products.floats(k);
        match products {
            Products::F32 => self.pack(to, taps * k, |row, column| at(row / k, row % k, column)),
            Products::Bf16 => self.pack(to, taps * floats, |row, column| {
                let (tap, p) = (row / floats, row % floats * 2);
                let second = if p + 1 < k { at(tap, p + 1, column) } else { 0.0 };
                pair(at(tap, p, column), second)
            }),
            Products::Bf16x3 => self.pack_thirds(to, [taps, k], at),
        }
    }

    /// `[n / width][taps][3][k / 2][width]`
    fn pack_thirds(
        self,
        to: &mut [f32],
        [taps, k]: [usize; 2],
        at: impl Fn(usize, usize, usize) -> f32,
    ) {
        let pairs = k.div_ceil(2);
        for Panel { first, columns, width } in (0..self.count()).map(|i| self.get(i)) {
            let floats = 3 * pairs * width;
            let to = &mut to[taps * 3 * pairs * first..][..taps * floats];
            for (tap, to) in to.chunks_exact_mut(floats.max(1)).enumerate() {
                let number = |p, column| if p < k { at(tap, p, first + column) } else { 0.0 };
                for p in 0..pairs {
                    for column in 0..columns {
                        let low = thirds(number(2 * p, column));
                        let high = thirds(number(2 * p + 1, column));
                        for part in 0..low.len() {
                            let pair = exact_pair(low[part], high[part]);
                            to[(part * pairs + p) * width + column] = pair;
                        }
                    }
                }
            }
        }
    }

    /// Packs a `[k, n]` matrix, of which `at(p, column)` is an element.
    pub(crate) fn pack(self, to: &mut [f32], k: usize, at: impl Fn(usize, usize) -> f32) {
        for panel in (0..self.count()).map(|i| self.get(i)) {
            let to = &mut to[k * panel.first..k * (panel.first + panel.width)];
            for (p, row) in to.chunks_exact_mut(panel.width).enumerate() {
                for (column, x) in row[..panel.columns].iter_mut().enumerate() {
                    *x = at(p, panel.first + column);
                }
            }
        }
    }
}

/// A `[k, n]` matrix packed for an instruction set: `[n / NR][k][NR]`, the last panel narrower or padded with zeros.
pub struct PackedMatrix {
    isa: Isa,
    products: Products,
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
        PackedMatrix::with_products(isa, Products::F32, n_out, k_in, w)
    }

    /// The same for other products.
    ///
    /// # Panics
    /// As [`PackedMatrix::from_rows_out_in`].
    pub fn with_products(
        isa: Isa,
        products: Products,
        n_out: usize,
        k_in: usize,
        w: &[f32],
    ) -> PackedMatrix {
        assert_eq!(w.len(), n_out * k_in, "weight [{n_out}, {k_in}]");
        PackedMatrix::pack(isa, products, k_in, n_out, |p, column| w[column * k_in + p])
    }

    /// Packs `k` rows of `n` columns, `ldb` floats apart.
    ///
    /// # Panics
    /// When `b` is too short.
    pub fn from_k_n(isa: Isa, k: usize, n: usize, b: &[f32], ldb: usize) -> PackedMatrix {
        assert!(k == 0 || b.len() >= (k - 1) * ldb + n, "matrix [{k}, {n}] of leading {ldb}");
        PackedMatrix::pack(isa, Products::F32, k, n, |p, column| b[p * ldb + column])
    }

    fn pack(
        isa: Isa,
        products: Products,
        k: usize,
        n: usize,
        at: impl Fn(usize, usize) -> f32,
    ) -> PackedMatrix {
        let isa = isa.or_scalar();
        let products = products.on(isa);
        let layout = Panels::new(isa, n);
        let mut panels = Aligned::zeros(layout.len(products.floats(k)));
        layout.pack_for(&mut panels, products, [1, k], |_, p, column| at(p, column));
        PackedMatrix { isa, products, k, n, panels }
    }

    /// What it is multiplied with.
    pub fn products(&self) -> Products {
        self.products
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

//! How products are computed.

use crate::{Factors, Isa};

/// What a product is computed with. Sums are `f32` in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Products {
    /// Multiply-adds of `f32`.
    F32,
    /// Those of pairs of bf16, to which both sides are rounded.
    Bf16,
    /// Those of pairs of bf16, each side being cut into three such numbers whose sum it is. Of the nine products of these six are
    /// taken, and three left out that are less than the rounding of an `f32`. For [`Isa::Amx`], which has more than ten products of
    /// bf16 in the time of one of `f32`; all others take [`Products::F32`].
    ///
    /// Henry, Tang and Heinecke, "Leveraging the bfloat16 artificial intelligence datatype for higher-precision
    /// computations", 2019.
    Bf16x3,
}

impl Products {
    /// Of factors as they are asked for.
    pub const fn of(factors: Factors) -> Products {
        match factors {
            Factors::F32 => Products::F32,
            Factors::Bf16 => Products::Bf16,
        }
    }

    /// The fastest of `factors` for `rows` that are multiplied with weights of `n` outputs and `k` inputs of each of `taps`.
    ///
    /// Thirds have half as many bytes again, which few rows do not make up for, nor few outputs for what it costs to cut rows.
    pub fn fastest(isa: Isa, factors: Factors, [rows, n, taps, k]: [usize; 4]) -> Products {
        const ROWS: usize = 96;
        const COLUMNS: usize = 64;
        let many = rows >= ROWS && n >= COLUMNS && taps.saturating_mul(k) >= COLUMNS;
        match factors {
            Factors::F32 if isa == Isa::Amx && many && fills_tiles([n, k]) => Products::Bf16x3,
            _ => Products::of(factors),
        }
    }

    /// What `isa` computes where it is asked for these: nothing but AMX multiplies thirds.
    pub(crate) fn on(self, isa: Isa) -> Products {
        match self {
            Products::Bf16x3 if isa != Isa::Amx => Products::F32,
            products => products,
        }
    }

    /// Floats that `k` factors of a packed side take.
    #[inline(always)]
    pub(crate) const fn floats(self, k: usize) -> usize {
        match self {
            Products::F32 => k,
            Products::Bf16 => k.div_ceil(2),
            Products::Bf16x3 => 3 * k.div_ceil(2),
        }
    }

    /// Floats of a panel of `width` columns that a tile goes through in a step of `k`.
    #[inline(always)]
    pub(crate) const fn step(self, width: usize) -> usize {
        match self {
            Products::F32 | Products::Bf16 => width,
            Products::Bf16x3 => 3 * width,
        }
    }

    /// Whether factors are in pairs.
    #[inline(always)]
    pub(crate) const fn are_of_pairs(self) -> bool {
        !matches!(self, Products::F32)
    }
}

/// Whether less than a quarter of the products of tiles of AMX are by zeros.
fn fills_tiles(sizes: [usize; 2]) -> bool {
    const TILE: usize = 32;
    let filled = |size: usize| size as f64 / size.max(1).div_ceil(TILE).saturating_mul(TILE) as f64;
    4.0 * filled(sizes[0]) * filled(sizes[1]) >= 3.0
}

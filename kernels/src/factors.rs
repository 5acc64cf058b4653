//! What products are made of.

/// What the factors of a product are rounded to. Sums are `f32` in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Factors {
    /// They are not rounded.
    #[default]
    F32,
    /// To bf16, which has the range of `f32` and eight bits: weights once, the other side as it is read, or as it was
    /// written where nothing else reads it. Faster than `f32` where the machine has instructions for it (AMX, and AVX512-BF16 of
    /// AMD's processors), slower elsewhere, with the same answers but for the order of sums.
    Bf16,
}

impl Factors {
    /// Floats that `k` factors take.
    #[inline(always)]
    pub const fn floats(self, k: usize) -> usize {
        match self {
            Factors::F32 => k,
            Factors::Bf16 => k.div_ceil(2),
        }
    }

    /// The most factors that `floats` floats hold.
    #[inline(always)]
    pub(crate) const fn numbers(self, floats: usize) -> usize {
        match self {
            Factors::F32 => floats,
            Factors::Bf16 => 2 * floats,
        }
    }
}

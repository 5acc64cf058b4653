//! Weights that are fetched from memory while others are multiplied.

/// Floats of a cache line.
pub(crate) const CACHE_LINE: usize = 16;
/// Floats of a tile's own panel between those that are read and those that are fetched.
pub(crate) const AHEAD: usize = 1024;
/// The most tiles that fetch a panel together.
const SHARES: usize = 4;

/// What is fetched to the second-level cache while a tile is computed.
#[derive(Clone, Copy)]
pub(crate) struct Fetch {
    pub(super) from: *const f32,
    /// Floats in a step of `k`.
    pub(super) step: usize,
}

impl Fetch {
    /// What follows in a panel of `width` columns.
    #[inline(always)]
    pub(crate) fn ahead(panel: *const f32, width: usize) -> Fetch {
        Fetch { from: panel.wrapping_add(AHEAD), step: width }
    }

    /// Another panel of as many floats, `len`, by the first of the `tiles` that are computed meanwhile: what `tile` fetches.
    #[inline(always)]
    pub(crate) fn share(
        other: *const f32,
        [len, width]: [usize; 2],
        tile: usize,
        tiles: usize,
    ) -> Option<Fetch> {
        let shares = match tiles {
            0 | 1 => 1,
            2 | 3 => 2,
            _ => SHARES,
        };
        if tile >= shares {
            return None;
        }
        Some(Fetch { from: other.wrapping_add(len / shares * tile), step: width / shares })
    }
}

//! Weights that are fetched from memory while others are multiplied.

/// Floats of a cache line.
pub(crate) const CACHE_LINE: usize = 16;
/// Floats between those that are read and those that are fetched, where a tile fetches its own panel.
const AHEAD: usize = 1024;
/// The most tiles that fetch a panel together.
const SHARES: usize = 4;

/// What is fetched to the second-level cache while a tile is computed.
#[derive(Clone, Copy)]
pub(crate) struct Fetch {
    from: *const f32,
    /// Floats in a step of `k`; nothing is fetched where it is zero.
    step: usize,
}

impl Fetch {
    pub(crate) const NOTHING: Fetch = Fetch { from: std::ptr::null(), step: 0 };

    /// What follows in a panel of `width` columns.
    pub(crate) fn ahead(panel: *const f32, width: usize) -> Fetch {
        Fetch { from: panel.wrapping_add(AHEAD), step: width }
    }

    /// Another panel of as many floats, `len`, by the first of the `tiles` that are computed meanwhile: what `tile` fetches.
    pub(crate) fn share(
        other: *const f32,
        [len, width]: [usize; 2],
        tile: usize,
        tiles: usize,
    ) -> Fetch {
        let shares = match tiles {
            0 | 1 => 1,
            2 | 3 => 2,
            _ => SHARES,
        };
        if tile >= shares {
            return Fetch::NOTHING;
        }
        Fetch { from: other.wrapping_add(len / shares * tile), step: width / shares }
    }

    pub(crate) fn from(self) -> *const f32 {
        self.from
    }

    pub(crate) fn step(self) -> usize {
        self.step
    }
}

//! The register tile: `MR` rows by `V` vectors of sums that stay in registers while `k` runs.

use crate::simd::{Kernel, Simd};

/// The most rows of any tile, and the distance between the taps of a pointer table.
pub(crate) const MAX_MR: usize = 12;

/// The most columns of any tile.
pub(crate) const MAX_NR: usize = 32;

/// Rows and columns of the tile for `lanes` lanes: as many sums as the registers hold.
pub(crate) const fn tile_shape(lanes: usize) -> (usize, usize) {
    match lanes {
        16 => (12, 32),
        4 | 8 => (6, 16),
        _ => (4, 4),
    }
}

/// `out[i][j] = max(floor, init[i][j] + sum over taps t and p < k of rows[t][i][p] * panel[t][p][j])`.
///
/// With `PAIRS`, each float of `rows` and `panel` is a pair of bf16, and `k` counts pairs.
#[derive(Clone, Copy)]
pub(crate) struct TileArgs {
    /// `[taps][MAX_MR]` pointers to `k` floats each.
    pub(crate) rows: *const [*const f32; MAX_MR],
    pub(crate) taps: usize,
    pub(crate) k: usize,
    /// `[taps][k][width]`.
    pub(crate) panel: *const f32,
    /// a tile's width of floats per row, `init_ld` apart.
    pub(crate) init: *const f32,
    pub(crate) init_ld: usize,
    pub(crate) floor: f32,
    /// A pointer to a tile's width of floats per row.
    pub(crate) out: *const *mut f32,
}

struct Tile<const PAIRS: bool, const MR: usize, const V: usize>(TileArgs);

impl<const PAIRS: bool, const MR: usize, const V: usize> Kernel for Tile<PAIRS, MR, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let t = self.0;
        let mut sums = [[s.zero(); V]; MR];
        // SAFETY: the caller of `tile` vouches for every pointer.
        unsafe {
            for (i, sums) in sums.iter_mut().enumerate() {
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum = s.load_ptr(t.init.add(i * t.init_ld + j * S::LANES));
                }
            }
            let mut panel = t.panel;
            for tap in 0..t.taps {
                let rows = &*t.rows.add(tap);
                let mut at = [std::ptr::null(); MR];
                at.copy_from_slice(&rows[..MR]);
                for p in 0..t.k {
                    let mut b = [s.zero(); V];
                    for (j, b) in b.iter_mut().enumerate() {
                        *b = s.load_ptr(panel.add(j * S::LANES));
                    }
                    for (sums, at) in sums.iter_mut().zip(at) {
                        let a = s.splat(*at.add(p));
                        for (sum, b) in sums.iter_mut().zip(b) {
                            *sum =
                                if PAIRS { s.dot_pairs(a, b, *sum) } else { s.mul_add(a, b, *sum) };
                        }
                    }
                    panel = panel.add(V * S::LANES);
                }
            }
            let floor = s.splat(t.floor);
            for (i, sums) in sums.iter().enumerate() {
                let out = *t.out.add(i);
                for (j, sum) in sums.iter().enumerate() {
                    s.store_ptr(s.max(floor, *sum), out.add(j * S::LANES));
                }
            }
        }
    }
}

/// Computes a tile of `rows` rows and `width` columns, a whole panel or half of one.
///
/// # Safety
/// Every pointer of `args` is good for what its comment says, for `rows` rows of `width` columns.
#[inline(always)]
pub(crate) unsafe fn tile<S: Simd, const PAIRS: bool>(
    s: S,
    rows: usize,
    width: usize,
    args: TileArgs,
) {
    let (mr, nr) = tile_shape(S::LANES);
    debug_assert!(rows <= mr && (width == nr || width == nr / 2));
    if S::LANES >= 8 {
        if width == nr {
            by_rows::<S, PAIRS, 2>(s, rows, args);
        } else {
            by_rows::<S, PAIRS, 1>(s, rows, args);
        }
    } else if width == nr {
        by_rows::<S, PAIRS, 4>(s, rows, args);
    } else {
        by_rows::<S, PAIRS, 2>(s, rows, args);
    }
}

#[inline(always)]
fn by_rows<S: Simd, const PAIRS: bool, const V: usize>(s: S, rows: usize, args: TileArgs) {
    if S::LANES == 16 {
        match rows {
            12 => return s.call(Tile::<PAIRS, 12, V>(args)),
            11 => return s.call(Tile::<PAIRS, 11, V>(args)),
            10 => return s.call(Tile::<PAIRS, 10, V>(args)),
            9 => return s.call(Tile::<PAIRS, 9, V>(args)),
            8 => return s.call(Tile::<PAIRS, 8, V>(args)),
            7 => return s.call(Tile::<PAIRS, 7, V>(args)),
            _ => {}
        }
    }
    match rows {
        6 => s.call(Tile::<PAIRS, 6, V>(args)),
        5 => s.call(Tile::<PAIRS, 5, V>(args)),
        4 => s.call(Tile::<PAIRS, 4, V>(args)),
        3 => s.call(Tile::<PAIRS, 3, V>(args)),
        2 => s.call(Tile::<PAIRS, 2, V>(args)),
        _ => s.call(Tile::<PAIRS, 1, V>(args)),
    }
}

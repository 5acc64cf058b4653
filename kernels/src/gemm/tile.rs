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
        8 => (6, 16),
        4 => (6, 16),
        _ => (4, 4),
    }
}

/// `out[i][j] = max(floor, init[i][j] + sum over taps t and p < k of rows[t][i][p] * panel[t][p][j])`.
#[derive(Clone, Copy)]
pub(crate) struct TileArgs {
    /// `[taps][MAX_MR]` pointers to `k` floats each.
    pub(crate) rows: *const [*const f32; MAX_MR],
    pub(crate) taps: usize,
    pub(crate) k: usize,
    /// `[taps][k][NR]`.
    pub(crate) panel: *const f32,
    /// `NR` floats per row, `init_ld` apart.
    pub(crate) init: *const f32,
    pub(crate) init_ld: usize,
    pub(crate) floor: f32,
    /// A pointer to `NR` floats per row.
    pub(crate) out: *const *mut f32,
}

struct Tile<const MR: usize, const V: usize>(TileArgs);

impl<const MR: usize, const V: usize> Kernel for Tile<MR, V> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let t = self.0;
        let mut sums = [[s.zero(); V]; MR];
        // SAFETY: the caller of `tile` vouches for every pointer.
        unsafe {
            for i in 0..MR {
                for j in 0..V {
                    sums[i][j] = s.load_ptr(t.init.add(i * t.init_ld + j * S::LANES));
                }
            }
            let mut panel = t.panel;
            for tap in 0..t.taps {
                let rows = &*t.rows.add(tap);
                let mut at = [std::ptr::null(); MR];
                at.copy_from_slice(&rows[..MR]);
                for p in 0..t.k {
                    let mut b = [s.zero(); V];
                    for j in 0..V {
                        b[j] = s.load_ptr(panel.add(j * S::LANES));
                    }
                    for i in 0..MR {
                        let a = s.splat(*at[i].add(p));
                        for j in 0..V {
                            sums[i][j] = s.mul_add(a, b[j], sums[i][j]);
                        }
                    }
                    panel = panel.add(V * S::LANES);
                }
            }
            let floor = s.splat(t.floor);
            for i in 0..MR {
                let out = *t.out.add(i);
                for j in 0..V {
                    s.store_ptr(s.max(floor, sums[i][j]), out.add(j * S::LANES));
                }
            }
        }
    }
}

/// Computes a tile of `rows` rows.
///
/// # Safety
/// Every pointer of `args` is good for what its comment says, for `rows` rows, with the columns of [`tile_shape`].
#[inline(always)]
pub(crate) unsafe fn tile<S: Simd>(s: S, rows: usize, args: TileArgs) {
    if S::LANES == 16 {
        match rows {
            12 => s.call(Tile::<12, 2>(args)),
            11 => s.call(Tile::<11, 2>(args)),
            10 => s.call(Tile::<10, 2>(args)),
            9 => s.call(Tile::<9, 2>(args)),
            8 => s.call(Tile::<8, 2>(args)),
            7 => s.call(Tile::<7, 2>(args)),
            _ => up_to_6::<S, 2>(s, rows, args),
        }
    } else if S::LANES == 8 {
        up_to_6::<S, 2>(s, rows, args);
    } else {
        up_to_6::<S, 4>(s, rows, args);
    }
}

#[inline(always)]
fn up_to_6<S: Simd, const V: usize>(s: S, rows: usize, args: TileArgs) {
    match rows {
        6 => s.call(Tile::<6, V>(args)),
        5 => s.call(Tile::<5, V>(args)),
        4 => s.call(Tile::<4, V>(args)),
        3 => s.call(Tile::<3, V>(args)),
        2 => s.call(Tile::<2, V>(args)),
        _ => s.call(Tile::<1, V>(args)),
    }
}

//! The register tile: `MR` rows by `V` vectors of sums that stay in registers while `k` runs.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::amx;
use super::fetch::{AHEAD, CACHE_LINE, Fetch};
use crate::simd::{Kernel, Simd};
use crate::{Isa, Products};

/// The most rows of any tile, and the distance between the taps of a pointer table.
pub(crate) const MAX_MR: usize = 32;

/// The most rows of a tile of vectors, and so of all tiles but those of AMX.
pub(crate) const VECTOR_MR: usize = 12;

/// Where the second group of a tile's rows begins in tables, if it has two.
pub(crate) const SECOND: usize = MAX_MR / 2;

/// The most columns of any tile.
pub(crate) const MAX_NR: usize = 32;

/// Rows and columns of the tile for `products`: as many sums as the registers hold.
pub(crate) const fn tile_shape(isa: Isa, products: Products) -> (usize, usize) {
    match (isa.lanes(), products) {
        (16, Products::Bf16 | Products::Bf16x3) if matches!(isa, Isa::Amx) => (MAX_MR, 32),
        (16, _) => (VECTOR_MR, 32),
        (4 | 8, _) => (6, 16),
        _ => (4, 4),
    }
}

/// Whether a tile has two groups of rows, each of them equally far apart in both matrices that it reads and writes.
pub(crate) const fn has_groups(isa: Isa, products: Products) -> bool {
    matches!((isa, products), (Isa::Amx, Products::Bf16 | Products::Bf16x3))
}

/// The groups of `count` rows, all of which are equally far apart.
#[inline(always)]
pub(crate) const fn groups_of(isa: Isa, products: Products, count: usize) -> [usize; 2] {
    if has_groups(isa, products) && count > SECOND { [SECOND, count - SECOND] } else { [count, 0] }
}

/// `out[i][j] = max(floor, init[i][j] + sum over taps t and p < k of rows[t][i][p] * panel[t][p][j])`.
///
/// With `PAIRS`, each float of `rows` and `panel` is a pair of bf16, and `k` counts pairs. In tiles with groups, both sides may
/// be thirds.
#[derive(Clone, Copy)]
pub(crate) struct TileArgs<'a> {
    /// `[taps][MAX_MR]` pointers to `k` floats each.
    pub(crate) rows: *const [*const f32; MAX_MR],
    pub(crate) taps: usize,
    pub(crate) k: usize,
    /// Floats from each third of a row to the next; zero where rows are not cut.
    pub(crate) third: usize,
    /// `[taps][k][width]`, or `[taps][3][k][width]`.
    pub(crate) panel: *const f32,
    /// a tile's width of floats per row, `init_ld` apart.
    pub(crate) init: *const f32,
    pub(crate) init_ld: usize,
    pub(crate) floor: f32,
    /// A pointer to a tile's width of floats per row.
    pub(crate) out: *const *mut f32,
    pub(crate) fetch: Option<&'a Fetch>,
}

struct Tile<'a, const PAIRS: bool, const MR: usize, const V: usize>(TileArgs<'a>);

impl<const PAIRS: bool, const MR: usize, const V: usize> Kernel for Tile<'_, PAIRS, MR, V> {
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
            let (mut fetch, fetched) = t.fetch.map_or((panel, 0), |fetch| (fetch.from, fetch.step));
            for tap in 0..t.taps {
                let rows = &*t.rows.add(tap);
                let mut at = [std::ptr::null(); MR];
                at.copy_from_slice(&rows[..MR]);
                for p in 0..t.k {
                    if fetched > 0 {
                        s.fetch_l2(fetch);
                        if fetched > CACHE_LINE {
                            s.fetch_l2(fetch.wrapping_add(CACHE_LINE));
                        }
                        fetch = fetch.wrapping_add(fetched);
                    }
                    let mut b = [s.zero(); V];
                    for (j, b) in b.iter_mut().enumerate() {
                        if j * S::LANES % CACHE_LINE == 0 {
                            s.fetch_l1(panel.wrapping_add(AHEAD + j * S::LANES));
                        }
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

/// Computes a tile of `width` columns, a whole panel or half of one; its rows are one group but for tiles that have two,
/// see [`has_groups`].
///
/// # Safety
/// Every pointer of `args` is good for what its comment says, for the rows of both groups and `width` columns. Tiles with
/// groups are computed by [`crate::simd::dispatch_products`].
#[inline(always)]
pub(crate) unsafe fn tile<S: Simd, const PAIRS: bool>(
    s: S,
    groups: [usize; 2],
    width: usize,
    args: TileArgs,
) {
    let products = if PAIRS { Products::Bf16 } else { Products::F32 };
    let (mr, nr) = tile_shape(S::ISA, products);
    debug_assert!(groups[0] <= mr && (width == nr || width == nr / 2));
    debug_assert!(args.third == 0 || has_groups(S::ISA, products), "thirds are multiplied by AMX");
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if has_groups(S::ISA, products) {
        // SAFETY: the caller's contract.
        unsafe { amx::tile(s, groups, width, args) };
        return;
    }
    let rows = groups[0];
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

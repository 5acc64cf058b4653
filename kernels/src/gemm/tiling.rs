//! How the rows of a product are cut into the rows of tiles.

use std::ops::Range;

use super::tile::{SECOND, has_groups, tile_shape};
use crate::split::part;
use crate::{Isa, Products};

/// The tiles of `m` rows.
#[derive(Clone, Copy)]
pub(crate) enum Tiling {
    /// Of up to `mr` rows that follow each other.
    Plain { m: usize, mr: usize },
    /// Of two groups of rows, each of them in one of the lines that are `line` long.
    Groups { m: usize, line: usize },
}

impl Tiling {
    /// For `products`, where rows are equally far apart in lines of `line`, or all of them are.
    pub(crate) fn new(isa: Isa, products: Products, m: usize, line: Option<usize>) -> Tiling {
        if has_groups(isa, products) {
            Tiling::Groups { m, line: line.unwrap_or(m).max(1) }
        } else {
            Tiling::Plain { m, mr: tile_shape(isa, products).0 }
        }
    }

    pub(crate) fn tiles(self) -> usize {
        match self {
            Tiling::Plain { m, mr } => m.div_ceil(mr),
            Tiling::Groups { m, line } => (m / line * line.div_ceil(SECOND)).div_ceil(2),
        }
    }

    /// The rows of both groups of a tile; the second may have none.
    #[inline(always)]
    pub(crate) fn groups(self, tile: usize) -> [Range<usize>; 2] {
        match self {
            Tiling::Plain { m, .. } => [part(m, self.tiles(), tile), 0..0],
            Tiling::Groups { .. } => [self.group(2 * tile), self.group(2 * tile + 1)],
        }
    }

    /// The rows of some tiles, which follow each other.
    #[inline(always)]
    pub(crate) fn rows(self, tiles: Range<usize>) -> Range<usize> {
        let first = self.groups(tiles.start)[0].start;
        let end = tiles.last().map_or(first, |last| {
            let [one, other] = self.groups(last);
            one.end.max(other.end)
        });
        first..end
    }

    #[inline(always)]
    fn group(self, index: usize) -> Range<usize> {
        let Tiling::Groups { m, line } = self else { return 0..0 };
        let groups = line.div_ceil(SECOND);
        let first = index / groups * line;
        if first >= m {
            return 0..0;
        }
        let within = part(line, groups, index % groups);
        first + within.start..first + within.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_group_of_one_line() {
        for line in 1..70 {
            for lines in 0..4 {
                let m = lines * line;
                let tiling = Tiling::Groups { m, line };
                let groups = (0..tiling.tiles()).flat_map(|tile| tiling.groups(tile));
                let groups: Vec<_> = groups.filter(|group| !group.is_empty()).collect();
                let rows: Vec<usize> = groups.iter().cloned().flatten().collect();
                assert_eq!(rows, (0..m).collect::<Vec<_>>(), "{lines} lines of {line}");
                for group in groups {
                    assert!(group.len() <= SECOND, "{group:?}");
                    assert_eq!(group.start / line, (group.end - 1) / line, "{group:?}");
                }
            }
        }
    }
}

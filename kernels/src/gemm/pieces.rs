//! How a product is divided among threads.

use std::ops::Range;

use crate::Context;
use crate::split::part;

/// Bytes of packed panels that are kept in the second-level cache while rows pass by.
pub(crate) const PANEL_BYTES: usize = 512 << 10;
/// The same where few rows pass by, so that each byte is waited for more than it is used.
const FEW_ROWS_PANEL_BYTES: usize = 256 << 10;
/// Bytes of rows in thirds that a thread keeps there.
const CUT_BYTES: usize = 1 << 20;
/// Pieces of work per thread, where there are several.
const PIECES: usize = 6;

/// Tiles that a thread has at least where rows are divided among all threads; of fewer rows each thread takes columns.
const TILES_A_THREAD: usize = 4;

/// How tiles (along m) and panels (along n) are divided into pieces.
pub(super) struct Split {
    tiles: usize,
    panels: usize,
    tile_pieces: usize,
    panel_pieces: usize,
    threads: usize,
}

impl Split {
    /// Of tiles and panels, of which one has `panel_len` floats; `cut` are the bytes of a tile's rows that a thread cuts and
    /// keeps.
    pub(super) fn new(
        [tiles, panels]: [usize; 2],
        panel_len: usize,
        cut: Option<usize>,
        ctx: Context,
    ) -> Split {
        let threads = ctx.pool.threads();
        let few = tiles < TILES_A_THREAD * threads;
        let bytes = if few { FEW_ROWS_PANEL_BYTES } else { PANEL_BYTES };
        let block = (bytes / (4 * panel_len).max(1)).clamp(1, panels.max(1));
        let wanted = if threads == 1 { 1 } else { threads * PIECES };
        let mut panel_pieces = panels.div_ceil(block);
        let mut tile_pieces = wanted.div_ceil(panel_pieces.max(1)).min(tiles);
        if let Some(cut) = cut {
            let kept = (CUT_BYTES / cut.max(1)).max(1);
            tile_pieces = tile_pieces.max(tiles.div_ceil(kept));
        }
        if !few {
            tile_pieces = tile_pieces.next_multiple_of(threads);
        }
        if tile_pieces * panel_pieces < wanted {
            panel_pieces = wanted.div_ceil(tile_pieces.max(1)).min(panels);
        }
        Split { tiles, panels, tile_pieces, panel_pieces, threads }
    }

    pub(super) fn pieces(&self) -> usize {
        self.tile_pieces * self.panel_pieces
    }

    /// Whether a thread begins with this piece.
    pub(super) fn begins(&self, piece: usize) -> bool {
        let of = |thread| part(self.pieces(), self.threads, thread);
        (0..self.threads).any(|thread| of(thread).start == piece)
    }

    /// Panels of the piece that a thread most likely does next; none if they are the same.
    pub(super) fn next_panels(&self, piece: usize) -> Range<usize> {
        let next = piece + 1;
        let others = self.panel_pieces > 1 && next < self.pieces();
        if others { self.piece(next).1 } else { 0..0 }
    }

    /// Tiles and panels of a piece; neighbours share tiles, so that a thread mostly reads rows that it wrote before.
    pub(super) fn piece(&self, piece: usize) -> (Range<usize>, Range<usize>) {
        let (t, p) = (piece / self.panel_pieces, piece % self.panel_pieces);
        (part(self.tiles, self.tile_pieces, t), part(self.panels, self.panel_pieces, p))
    }
}

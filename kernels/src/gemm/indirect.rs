//! The loops around the register tile: rows are found through pointers, so that a linear layer and a convolution are the
//! same product.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::epilogue::{Epilogue, Finish};
use super::fetch::Fetch;
use super::panels::{Panel, Panels};
use super::pieces::{PANEL_BYTES, Split};
use super::rounded::Rounded;
use super::row::Row;
use super::source::{GAP, Left, MAX_TAPS, PATCH, Source, Table};
use super::thirds::{Run, Thirds};
use super::tile::{MAX_MR, MAX_NR, SECOND, TileArgs, has_groups, tile, tile_shape};
use super::tiling::Tiling;
use crate::aligned::{Lines, ZEROS};
use crate::simd::{Kernel, Simd, dispatch, dispatch_bf16, dispatch_products};
use crate::{Context, Factors, Isa, Products};

/// `m` rows of `n` columns, each the sum over `taps * k` products.
pub(crate) struct Product<'a, A> {
    pub(crate) isa: Isa,
    pub(crate) products: Products,
    /// What the rows of the source hold: numbers, which may have to be rounded or cut, or bf16.
    pub(crate) reads: Factors,
    /// What is written: numbers, or pairs of them.
    pub(crate) writes: Factors,
    pub(crate) source: A,
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) taps: usize,
    pub(crate) k: usize,
    /// `[n / NR][taps][products.floats(k)][NR]`
    pub(crate) panels: &'a [f32],
    pub(crate) out: *mut f32,
    pub(crate) ld: usize,
    pub(crate) epilogue: Epilogue<'a>,
}

// SAFETY: the output is written by one piece per element; the rest is shared and only read.
unsafe impl<A: Sync> Sync for Product<'_, A> {}

impl<'a> Product<'a, ()> {
    /// The same product of rows that `source` finds.
    pub(crate) fn with<A>(self, source: A) -> Product<'a, A> {
        let Product { isa, products, reads, writes, m, n, .. } = self;
        let Product { taps, k, panels, out, ld, epilogue, .. } = self;
        Product { isa, products, reads, writes, source, m, n, taps, k, panels, out, ld, epilogue }
    }
}

impl<A: Source> Product<'_, A> {
    /// Computes all pieces on the threads of `ctx`.
    ///
    /// # Safety
    /// `source` gives valid pointers, and `out` is good for the output rows that `source` names.
    pub(crate) unsafe fn run(&self, ctx: Context) {
        let (_, nr) = tile_shape(self.isa, self.products);
        let layout = Panels::new(self.isa, self.n);
        let k = self.taps * self.depth();
        assert!(self.panels.len() >= layout.len(k));
        let split =
            Split::new([self.tiling().tiles(), layout.count()], k * nr, self.cut_bytes(), ctx);
        let run = Run::next();
        ctx.pool.run(split.pieces(), &|piece| {
            let (tiles, panels) = split.piece(piece);
            let fetching = (size_of_val(self.panels) > PANEL_BYTES)
                .then(|| Fetching { begins: split.begins(piece), next: split.next_panels(piece) });
            let part = Part { tiles, panels, fetching, run };
            match (self.products, self.writes) {
                (Products::F32, Factors::F32) => {
                    dispatch(self.isa, Piece::<_, false> { product: self, part });
                }
                (Products::F32, Factors::Bf16) => {
                    dispatch_bf16(self.isa, Piece::<_, false> { product: self, part });
                }
                (Products::Bf16 | Products::Bf16x3, _) => {
                    dispatch_products(self.isa, Piece::<_, true> { product: self, part });
                }
            }
        });
    }

    /// Bytes of a tile's rows that are kept in thirds.
    fn cut_bytes(&self) -> Option<usize> {
        let (rows, _) = tile_shape(self.isa, self.products);
        self.cuts().then(|| rows * self.row().ld * size_of::<f32>())
    }

    /// Whether rows are numbers to be cut into thirds.
    #[inline(always)]
    fn cuts(&self) -> bool {
        self.products == Products::Bf16x3 && !A::IS_CUT
    }

    #[inline(always)]
    fn tiling(&self) -> Tiling {
        Tiling::new(self.isa, self.products, self.m, self.source.line())
    }

    #[inline(always)]
    fn row(&self) -> Row {
        Row::new(self.isa, self.products, self.k)
    }

    /// Floats of a tap in a panel's column.
    #[inline(always)]
    fn depth(&self) -> usize {
        self.products.floats(self.k)
    }
}

/// Tiles against panels; with `PAIRS`, of bf16 in whole or in thirds.
struct Piece<'a, 'b, A, const PAIRS: bool> {
    product: &'a Product<'b, A>,
    part: Part,
}

/// What a thread computes at a time.
struct Part {
    tiles: Range<usize>,
    panels: Range<usize>,
    fetching: Option<Fetching>,
    run: Run,
}

/// What the tiles of a part fetch from memory.
struct Fetching {
    /// Whether nobody fetched the part's own panels.
    begins: bool,
    /// Panels that are needed next.
    next: Range<usize>,
}

impl<A: Source, const PAIRS: bool> Piece<'_, '_, A, PAIRS> {
    /// What tile `tile` of the part fetches while it is multiplied with panel `index` of the part.
    #[inline(always)]
    fn fetch(&self, layout: Panels, tile: usize, index: usize) -> Option<Fetch> {
        let Part { tiles, panels, fetching, .. } = &self.part;
        let Fetching { begins, next } = fetching.as_ref()?;
        let own = layout.get(panels.start + index);
        let len = self.product.taps * self.product.depth();
        let panel = |first: usize| self.product.panels.as_ptr().wrapping_add(len * first);
        let tiles = tiles.len();
        let own_first = *begins || tiles == 1;
        if own_first && tile == 0 {
            return Some(Fetch::ahead(panel(own.first), self.product.products.step(own.width)));
        }
        if index >= next.len() {
            return None;
        }
        let other = panel(layout.get(next.start + index).first);
        let (tile, tiles) = if own_first { (tile - 1, tiles - 1) } else { (tile, tiles) };
        Fetch::share(other, [len * own.width, self.product.products.step(own.width)], tile, tiles)
    }
}

impl<A: Source, const PAIRS: bool> Kernel for Piece<'_, '_, A, PAIRS> {
    type Output = ();

    #[allow(clippy::large_stack_arrays, reason = "a run allocates nothing, and stacks have room")]
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Piece { product, part } = &self;
        let tiling = product.tiling();
        let mut rows = [MaybeUninit::<[*const f32; MAX_MR]>::uninit(); MAX_TAPS];
        let taps = product.taps.min(MAX_TAPS);
        for tap in &mut rows[..taps] {
            tap.write([std::ptr::null(); MAX_MR]);
        }
        // SAFETY: as many were just written.
        let rows = unsafe { std::slice::from_raw_parts_mut(rows.as_mut_ptr().cast(), taps) };
        let mut table = Table { rows, patch: [MaybeUninit::uninit(); PATCH] };
        let mut rounded = if PAIRS { Rounded::take() } else { Rounded::default() };
        let mut thirds = product.cuts().then(Thirds::take);
        if let Some(thirds) = &mut thirds {
            let rows = tiling.rows(part.tiles.clone());
            thirds.cut(s, part.run, &product.source, rows, product.k, &mut table);
        }
        let layout = Panels::new(S::ISA, product.n);
        for (index, tile) in part.tiles.clone().enumerate() {
            let mut block = Block::new(product, tiling.groups(tile));
            if let Some(thirds) = &thirds {
                block.gather_thirds(thirds, &mut table);
            } else if PAIRS {
                block.gather_pairs(s, &mut table, &mut rounded);
            } else if product.taps <= MAX_TAPS {
                product.source.gather(block.groups[0].clone(), 0, 0..product.taps, &mut table);
            }
            for (place, panel) in part.panels.clone().enumerate() {
                let fetch = self.fetch(layout, index, place);
                block.panel::<S, PAIRS>(s, layout.get(panel), fetch.as_ref(), &mut table);
            }
        }
        if PAIRS {
            rounded.keep();
        }
        if let Some(thirds) = thirds {
            thirds.keep();
        }
    }
}

/// One tile's height of rows, against any panel.
struct Block<'a, 'b, A> {
    product: &'a Product<'b, A>,
    /// Rows of both groups, of which only tiles that have groups have the second.
    groups: [Range<usize>; 2],
    /// Of each row the output's, the second group's from [`SECOND`] on.
    output: [usize; MAX_MR],
}

impl<'a, 'b, A: Source> Block<'a, 'b, A> {
    #[inline(always)]
    fn new(product: &'a Product<'b, A>, groups: [Range<usize>; 2]) -> Self {
        let mut output = [0; MAX_MR];
        for (to, rows) in output.chunks_mut(SECOND).zip(&groups) {
            for (to, row) in to.iter_mut().zip(rows.clone()) {
                *to = product.source.output(row);
            }
        }
        Block { product, groups, output }
    }

    #[inline(always)]
    fn counts(&self) -> [usize; 2] {
        [self.groups[0].len(), self.groups[1].len()]
    }

    #[inline(always)]
    fn gather_thirds(&self, thirds: &Thirds, table: &mut Table) {
        for (group, rows) in self.groups.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            for (to, row) in table.rows[0][group * SECOND..].iter_mut().zip(rows.clone()).take(2) {
                *to = thirds.row(row);
            }
        }
    }

    #[inline(always)]
    fn gather_pairs<S: Simd>(&self, s: S, table: &mut Table, rounded: &mut Rounded) {
        let Product { source, taps, k, reads, .. } = self.product;
        debug_assert!(*taps <= MAX_TAPS, "more taps than are rounded at a time");
        let products = self.product.products;
        let left = Left { taps: *taps, k: *k, reads: *reads };
        let rows: usize = self.counts().iter().sum();
        rounded.begin(taps * rows * self.product.row().ld);
        for (group, rows) in self.groups.iter().enumerate() {
            let (at, count) = (group * SECOND, rows.len());
            let in_line = has_groups(S::ISA, products);
            if count == 0
                || in_line && source.gather_line(s, rows.clone(), at, left, table, rounded)
            {
                continue;
            }
            source.gather(rows.clone(), at, 0..*taps, table);
            if *reads == Factors::F32 {
                let taps = &mut table.rows[..*taps];
                rounded.convert(s, products, *k, at..at + count, taps);
            }
        }
    }

    #[inline(always)]
    fn panel<S: Simd, const PAIRS: bool>(
        &mut self,
        s: S,
        panel: Panel,
        fetch: Option<&Fetch>,
        table: &mut Table,
    ) {
        let product = self.product;
        let Panel { first, columns, width } = panel;
        let mut bias = [0.0; MAX_NR];
        let init = match product.epilogue.bias {
            Some(all) if columns == width => all[first..first + width].as_ptr(),
            Some(all) => {
                bias[..columns].copy_from_slice(&all[first..first + columns]);
                bias.as_ptr()
            }
            None => ZEROS.as_ptr(),
        };
        let counts = self.counts();
        let mut out = [std::ptr::null_mut(); MAX_MR];
        let outputs = out.chunks_mut(SECOND).zip(self.output.chunks(SECOND));
        for ((out, rows), count) in outputs.zip(counts) {
            for (to, row) in out.iter_mut().zip(&rows[..count]) {
                if !(A::HAS_GAPS && *row == GAP) {
                    *to = product.out.wrapping_add(row * product.ld + product.writes.floats(first));
                }
            }
        }
        let Row { depth, third, .. } = product.row();
        let args = TileArgs {
            rows: table.rows.as_ptr(),
            taps: product.taps,
            k: depth,
            third,
            panel: product.panels[product.taps * product.depth() * first..].as_ptr(),
            init,
            init_ld: 0,
            floor: product.epilogue.floor(),
            out: out.as_ptr(),
            fetch,
        };
        let plain = product.epilogue.is_plain() && product.writes == Factors::F32 && !A::HAS_GAPS;
        if product.taps <= MAX_TAPS && columns == width && plain {
            // SAFETY: pointers of the table are the source's; panel, start and output hold `width` columns.
            unsafe { tile::<S, PAIRS>(s, counts, width, args) };
            return;
        }

        let mut sums = Lines::<{ MAX_MR * MAX_NR }>::new();
        let sums = sums.as_mut_ptr();
        let mut to_sums = [std::ptr::null_mut(); MAX_MR];
        let (rows, _) = tile_shape(S::ISA, if PAIRS { Products::Bf16 } else { Products::F32 });
        for (i, to) in to_sums[..rows].iter_mut().enumerate() {
            *to = sums.wrapping_add(i * MAX_NR);
        }
        let args = TileArgs { out: to_sums.as_ptr(), floor: f32::NEG_INFINITY, ..args };
        if product.taps <= MAX_TAPS {
            // SAFETY: as above, with `sums` as output.
            unsafe { tile::<S, PAIRS>(s, counts, width, args) };
        } else {
            debug_assert!(!PAIRS, "more taps than are rounded at a time");
            self.many_taps(s, width, args, sums, table);
        }
        for (group, count) in counts.into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let first = group * SECOND;
            let sums = sums.cast_const().wrapping_add(first * MAX_NR);
            self.finish(s, sums, panel, first, &out[first..first + count]);
        }
    }

    /// More taps than the table holds: some after the others, the sums waiting in `args.out`.
    #[inline(always)]
    fn many_taps<S: Simd>(
        &self,
        s: S,
        width: usize,
        args: TileArgs,
        sums: *const f32,
        table: &mut Table,
    ) {
        let product = self.product;
        for start in (0..product.taps).step_by(MAX_TAPS) {
            let end = product.taps.min(start + MAX_TAPS);
            product.source.gather(self.groups[0].clone(), 0, start..end, table);
            let (init, init_ld) = if start == 0 { (args.init, 0) } else { (sums, MAX_NR) };
            let panel = args.panel.wrapping_add(start * product.k * width);
            let rows = table.rows.as_ptr();
            // SAFETY: the table holds `end - start` taps; the rest is as in `panel`.
            unsafe {
                let taps = end - start;
                let args = TileArgs { rows, taps, panel, init, init_ld, ..args };
                tile::<S, false>(s, self.counts(), width, args);
            }
        }
    }

    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        s: S,
        sums: *const f32,
        Panel { first, columns, .. }: Panel,
        group: usize,
        out: &[*mut f32],
    ) {
        let epilogue = &self.product.epilogue;
        let mut residual = [std::ptr::null(); MAX_MR];
        let mut count = 0;
        for ((to, &row), &out) in residual.iter_mut().zip(&self.output[group..]).zip(out) {
            if A::HAS_GAPS && row == GAP {
                continue;
            }
            if let Some(from) = epilogue.residual_at(row, first, out) {
                *to = from;
                count = self.counts()[group / SECOND];
            }
        }
        s.call(Finish {
            sums,
            stride: MAX_NR,
            columns,
            out,
            residual: &residual[..count],
            adds: epilogue.residual_factors(self.product.writes),
            before_activation: epilogue.adds_before_activation(),
            activation: epilogue.activation,
            writes: self.product.writes,
        });
    }
}

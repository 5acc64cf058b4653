//! A block of squares, from the image's pixels to the output's.

use std::marker::PhantomData;
use std::ops::Range;

use super::GAP;
use super::transform::Transform;
use crate::aligned::{Lines, ZEROS};
use crate::gemm::Epilogue;
use crate::gemm::epilogue::Finish;
use crate::gemm::fetch::Fetch;
use crate::gemm::panels::{Panel, Panels};
use crate::gemm::rounded::store_cut;
use crate::gemm::row::Row;
use crate::gemm::tile::{MAX_MR, MAX_NR, TileArgs, groups_of, tile, tile_shape};
use crate::simd::{Kernel, Simd};
use crate::split::part;
use crate::{Image, ImageMut, Products};

/// The most pixels of a square that comes out.
const MAX_PIXELS: usize = 16;

/// What all pieces share.
pub(super) struct Squares<'a> {
    pub(super) input: &'a Image<'a>,
    pub(super) out: &'a ImageMut<'a>,
    /// Zeros above and to the left.
    pub(super) pad: [usize; 2],
    /// Channels of the output.
    pub(super) outputs: usize,
    pub(super) products: Products,
    /// A transformed input of all channels.
    pub(super) row: Row,
    pub(super) panels: &'a [f32],
    /// As many as the input has channels.
    pub(super) zeros: &'a [f32],
    pub(super) epilogue: Epilogue<'a>,
    /// Squares of a block, at most.
    pub(super) block: usize,
    /// Whether panels come from memory and should be fetched ahead.
    pub(super) fetch: bool,
}

/// What a thread computes at a time.
pub(super) struct Part {
    /// Squares of the output.
    pub(super) tiles: Range<usize>,
    /// Panels of its columns.
    pub(super) panels: Range<usize>,
    /// Whether the scratch has the left-hand sides of these squares already.
    pub(super) is_transformed: bool,
}

/// A part of the output; products of bf16 with `PAIRS`.
pub(super) struct Piece<'a, T, const A: usize, const M: usize, const PAIRS: bool> {
    squares: &'a Squares<'a>,
    part: Part,
    /// `[A * A][block][row.ld]`, with a gap behind each place.
    left: *mut f32,
    /// `[A * A][block][MAX_NR]`, likewise.
    products: *mut f32,
    transform: PhantomData<T>,
}

impl<'a, T, const A: usize, const M: usize, const PAIRS: bool> Piece<'a, T, A, M, PAIRS> {
    pub(super) fn new(squares: &'a Squares<'a>, part: Part, scratch: &'a mut [f32]) -> Self {
        let left = A * A * (squares.block * squares.row.ld + GAP);
        assert!(scratch.len() >= left + A * A * (squares.block * MAX_NR + GAP));
        assert!(part.tiles.len() <= squares.block);
        let (left, products) = scratch.split_at_mut(left);
        let (left, products) = (left.as_mut_ptr(), products.as_mut_ptr());
        Piece { squares, part, left, products, transform: PhantomData }
    }
}

impl<T: Transform<A, M>, const A: usize, const M: usize, const PAIRS: bool> Kernel
    for Piece<'_, T, A, M, PAIRS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Part { tiles, panels, is_transformed } = &self.part;
        if !is_transformed {
            for (row, tile) in tiles.clone().enumerate() {
                s.call(Input { piece: &self, row, from: self.source(tile) });
            }
        }
        let layout = Panels::new(S::ISA, self.squares.outputs);
        for index in panels.clone() {
            let panel = layout.get(index);
            self.multiply(s, panel);
            let some = MAX_PIXELS / (M * M);
            for first in (0..tiles.len()).step_by(some) {
                self.output(s, first..tiles.len().min(first + some), panel);
            }
        }
    }
}

impl<T: Transform<A, M>, const A: usize, const M: usize, const PAIRS: bool>
    Piece<'_, T, A, M, PAIRS>
{
    /// Floats from one place to the next in [`Piece::left`].
    #[inline(always)]
    fn left_step(&self) -> usize {
        self.squares.block * self.squares.row.ld + GAP
    }

    #[inline(always)]
    fn product_step(&self) -> usize {
        self.squares.block * MAX_NR + GAP
    }

    /// Picture, row and column of the first output pixel of a square.
    #[inline(always)]
    fn place(&self, tile: usize) -> [usize; 3] {
        let out = self.squares.out;
        let (down, across) = (out.h.div_ceil(M), out.w.div_ceil(M));
        let (line, x) = (tile / across, tile % across);
        [line / down, line % down * M, x * M]
    }

    /// The pixels that a square comes from.
    #[inline(always)]
    fn source(&self, tile: usize) -> Source<A> {
        let Squares { input, pad, zeros, .. } = self.squares;
        let [n, y, x] = self.place(tile);
        let [y, x] = [y * T::STRIDE, x * T::STRIDE];
        let (from, ld) = (input.pixels.ptr(), input.pixels.ld());
        let at = |y: usize, x: usize| {
            from.wrapping_add(((n * input.h + y - pad[0]) * input.w + x - pad[1]) * ld)
        };
        let inside = y >= pad[0] && y + A <= input.h + pad[0];
        if inside && x >= pad[1] && x + A <= input.w + pad[1] {
            return Source::Inside { first: at(y, x), across: ld, down: input.w * ld };
        }
        let mut table = [[zeros.as_ptr(); A]; A];
        for (y, row) in (y..).zip(&mut table) {
            for (x, to) in (x..).zip(row) {
                let inside = y >= pad[0] && y - pad[0] < input.h;
                if inside && x >= pad[1] && x - pad[1] < input.w {
                    *to = at(y, x);
                }
            }
        }
        Source::Border(table)
    }

    /// The products of all places, for the columns of a panel.
    #[inline(always)]
    fn multiply<S: Simd>(&self, s: S, Panel { first, width, .. }: Panel) {
        let Squares { products: of, row: Row { depth, third, ld }, .. } = *self.squares;
        let (mr, _) = tile_shape(S::ISA, of);
        let (floats, rows) = (of.floats(self.squares.input.c), self.part.tiles.len());
        let panels = self.squares.panels[T::RIGHT * T::RIGHT * floats * first..].as_ptr();
        let (parts, len) = (rows.div_ceil(mr), floats * width);
        let step = of.step(width);
        for place in 0..A * A {
            let left = self.left.wrapping_add(place * self.left_step());
            let products = self.products.wrapping_add(place * self.product_step());
            let [y, x] = [place / A, place % A].map(|at| at.min(T::RIGHT - 1));
            let panel = panels.wrapping_add((y * T::RIGHT + x) * len);
            for index in 0..parts {
                let some = part(rows, parts, index);
                let mut at = [std::ptr::null(); MAX_MR];
                let mut out = [std::ptr::null_mut(); MAX_MR];
                for (i, row) in some.clone().enumerate() {
                    at[i] = left.wrapping_add(row * ld).cast_const();
                    out[i] = products.wrapping_add(row * MAX_NR);
                }
                let next = panel.wrapping_add(len);
                let fetch = if self.squares.fetch {
                    Fetch::share(next, [len, step], index, parts)
                } else {
                    None
                };
                let args = TileArgs {
                    rows: &raw const at,
                    taps: 1,
                    k: depth,
                    third,
                    panel,
                    init: ZEROS.as_ptr(),
                    init_ld: 0,
                    floor: f32::NEG_INFINITY,
                    out: out.as_ptr(),
                    fetch: fetch.as_ref(),
                };
                // SAFETY: rows are in the scratch, which holds all factors of each square and `MAX_NR` products.
                unsafe { tile::<S, PAIRS>(s, groups_of(S::ISA, of, some.len()), width, args) };
            }
        }
    }

    /// The pixels of some squares, at most [`MAX_PIXELS`], in the columns of a panel.
    #[inline(always)]
    fn output<S: Simd>(&self, s: S, rows: Range<usize>, panel: Panel) {
        let out = self.squares.out;
        let mut sums = Lines::<{ MAX_PIXELS * MAX_NR }>::new();
        let sums = sums.as_mut_ptr();
        let (mut pixels, mut count) = ([0; MAX_PIXELS], 0);
        for row in rows {
            let [n, y, x] = self.place(self.part.tiles.start + row);
            let inside = [M.min(out.h - y), M.min(out.w - x)];
            s.call(Output {
                piece: self,
                row,
                panel,
                inside,
                to: sums.wrapping_add(count * MAX_NR),
            });
            for i in 0..inside[0] {
                for j in 0..inside[1] {
                    pixels[count] = (n * out.h + y + i) * out.w + x + j;
                    count += 1;
                }
            }
        }
        self.finish(s, sums, &pixels[..count], panel);
    }

    /// Sums to output pixels.
    #[inline(always)]
    fn finish<S: Simd>(&self, s: S, sums: *const f32, pixels: &[usize], panel: Panel) {
        let Squares { out, epilogue, .. } = self.squares;
        let mut to = [std::ptr::null_mut(); MAX_PIXELS];
        let mut residual = [std::ptr::null(); MAX_PIXELS];
        let mut residuals = 0;
        for ((to, residual), &pixel) in to.iter_mut().zip(&mut residual).zip(pixels) {
            let first = out.pixels.factors().floats(panel.first);
            *to = out.pixels.data().wrapping_add(pixel * out.pixels.ld() + first);
            if let Some(from) = epilogue.residual_at(pixel, panel.first, *to) {
                *residual = from;
                residuals = pixels.len();
            }
        }
        s.call(Finish {
            sums,
            stride: MAX_NR,
            columns: panel.columns,
            out: &to[..pixels.len()],
            residual: &residual[..residuals],
            adds: epilogue.residual_factors(out.pixels.factors()),
            before_activation: epilogue.adds_before_activation(),
            activation: epilogue.activation,
            writes: out.pixels.factors(),
        });
    }
}

/// Where the pixels of a square are.
enum Source<const A: usize> {
    /// All in the image, floats apart.
    Inside { first: *const f32, across: usize, down: usize },
    /// Each on its own, zeros outside the image.
    Border([[*const f32; A]; A]),
}

/// Transforms the pixels of a square.
struct Input<'a, 'b, T, const A: usize, const M: usize, const PAIRS: bool> {
    piece: &'a Piece<'b, T, A, M, PAIRS>,
    row: usize,
    from: Source<A>,
}

impl<T: Transform<A, M>, const A: usize, const M: usize, const PAIRS: bool> Kernel
    for Input<'_, '_, T, A, M, PAIRS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        match &self.from {
            &Source::Inside { first, across, down } => {
                self.all(s, |y, x| first.wrapping_add(y * down + x * across));
            }
            Source::Border(table) => self.all(s, |y, x| table[y][x]),
        }
    }
}

impl<T: Transform<A, M>, const A: usize, const M: usize, const PAIRS: bool>
    Input<'_, '_, T, A, M, PAIRS>
{
    /// All channels of the pixels at `from(y, x)`.
    #[inline(always)]
    fn all<S: Simd>(&self, s: S, from: impl Fn(usize, usize) -> *const f32) {
        let channels = self.piece.squares.input.c;
        let step = if PAIRS { 2 * S::LANES } else { S::LANES };
        let whole = channels / step * step;
        for c in (0..whole).step_by(step) {
            // SAFETY: a pixel of the image, and the zeros, have all channels.
            let load = |c, y, x| unsafe { s.load_ptr(from(y, x).wrapping_add(c)) };
            self.channels(s, c, S::LANES, load);
        }
        if whole < channels {
            let count = |c| S::LANES.min(channels.saturating_sub(c));
            // SAFETY: as above.
            let load =
                |c, y, x| unsafe { s.load_ptr_partial(from(y, x).wrapping_add(c), count(c)) };
            let floats = self.piece.squares.row.depth - if PAIRS { whole / 2 } else { whole };
            self.channels(s, whole, floats, load);
        }
    }

    /// A vector of channels from `c` on, or a vector of pairs, of which `count` lanes are kept.
    #[inline(always)]
    fn channels<S: Simd>(
        &self,
        s: S,
        c: usize,
        count: usize,
        load: impl Fn(usize, usize, usize) -> S::F32,
    ) {
        let piece = self.piece;
        let mut places = Self::places(s, |y, x| load(c, y, x));
        if PAIRS {
            let next = Self::places(s, |y, x| load(c + S::LANES, y, x));
            if piece.squares.row.third > 0 {
                self.store_thirds(s, c, places, next);
                return;
            }
            for (low, high) in places.as_flattened_mut().iter_mut().zip(next.as_flattened()) {
                *low = s.pairs(*low, *high);
            }
        }
        let first = if PAIRS { c / 2 } else { c };
        let to = piece.left.wrapping_add(self.row * piece.squares.row.ld + first);
        let step = piece.left_step();
        for (y, row) in places.into_iter().enumerate() {
            for (x, v) in row.into_iter().enumerate() {
                let to = to.wrapping_add((y * A + x) * step);
                // SAFETY: the scratch holds all channels of the block's squares at each place.
                unsafe {
                    if count == S::LANES {
                        s.store_ptr(v, to);
                    } else {
                        s.store_ptr_partial(v, to, count);
                    }
                }
            }
        }
    }

    /// Writes the thirds of two vectors of channels from `c` on.
    #[inline(always)]
    fn store_thirds<S: Simd>(&self, s: S, c: usize, low: [[S::F32; A]; A], high: [[S::F32; A]; A]) {
        let (piece, Row { third, ld, .. }) = (self.piece, self.piece.squares.row);
        let mut to = piece.left.wrapping_add(self.row * ld + c / 2);
        for (low, high) in low.as_flattened().iter().zip(high.as_flattened()) {
            // SAFETY: the scratch holds whole vectors of thirds of all channels at each place.
            unsafe { store_cut(s, *low, *high, to, third) };
            to = to.wrapping_add(piece.left_step());
        }
    }

    /// Of a vector of channels, the left-hand sides at all places.
    #[inline(always)]
    fn places<S: Simd>(s: S, load: impl Fn(usize, usize) -> S::F32) -> [[S::F32; A]; A] {
        let mut columns = [[s.zero(); A]; A];
        for x in 0..A {
            let mut d = [s.zero(); A];
            for (y, d) in d.iter_mut().enumerate() {
                *d = load(y, x);
            }
            for (row, d) in columns.iter_mut().zip(T::input(s, d)) {
                row[x] = d;
            }
        }
        for row in &mut columns {
            *row = T::input(s, *row);
        }
        columns
    }
}

/// Transforms the products of a square to `[MAX_NR]` sums of each pixel inside the picture, `M * M` at most.
struct Output<'a, 'b, T, const A: usize, const M: usize, const PAIRS: bool> {
    piece: &'a Piece<'b, T, A, M, PAIRS>,
    row: usize,
    panel: Panel,
    /// Rows and columns of the square that are in the picture.
    inside: [usize; 2],
    to: *mut f32,
}

impl<T: Transform<A, M>, const A: usize, const M: usize, const PAIRS: bool> Kernel
    for Output<'_, '_, T, A, M, PAIRS>
{
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let piece = self.piece;
        let Panel { first, columns, width } = self.panel;
        let step = piece.product_step();
        let mut at = 0;
        while at < width {
            let count = S::LANES.min(columns.saturating_sub(at));
            let bias = match piece.squares.epilogue.bias {
                // SAFETY: a bias has a number per output column.
                Some(bias) => unsafe {
                    s.load_ptr_partial(bias.as_ptr().wrapping_add(first + at), count)
                },
                None => s.zero(),
            };
            let from = piece.products.wrapping_add(self.row * MAX_NR + at);
            let mut rows = [[s.zero(); A]; M];
            for x in 0..A {
                let mut m = [s.zero(); A];
                for (y, m) in m.iter_mut().enumerate() {
                    // SAFETY: the product of the square was written for all columns of the panel.
                    *m = unsafe { s.load_ptr(from.wrapping_add((y * A + x) * step)) };
                }
                for (row, sum) in rows.iter_mut().zip(T::output(s, m)) {
                    row[x] = sum;
                }
            }
            let [down, across] = self.inside;
            for (y, row) in rows.into_iter().enumerate() {
                for (x, sum) in T::output(s, row).into_iter().enumerate() {
                    if y < down && x < across {
                        let to = self.to.wrapping_add((y * across + x) * MAX_NR + at);
                        // SAFETY: `to` has `MAX_NR` floats for each pixel inside.
                        unsafe { s.store_ptr(s.add(sum, bias), to) };
                    }
                }
            }
            at += S::LANES;
        }
    }
}

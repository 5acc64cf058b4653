//! A block of squares, from the image's pixels to the output's.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use super::GAP;
use super::transform::Transform;
use crate::gemm::Epilogue;
use crate::gemm::epilogue::Finish;
use crate::gemm::panels::{Panel, Panels};
use crate::gemm::tile::{MAX_MR, MAX_NR, TileArgs, tile, tile_shape};
use crate::simd::{Kernel, Simd};
use crate::split::part;
use crate::{Image, ImageMut};

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
    pub(super) panels: &'a [f32],
    /// As many as the input has channels.
    pub(super) zeros: &'a [f32],
    pub(super) epilogue: Epilogue<'a>,
    /// Squares of a block, at most.
    pub(super) block: usize,
}

/// Squares `tiles` of the output, in the columns of `panels`.
pub(super) struct Piece<'a, T, const A: usize, const M: usize> {
    squares: &'a Squares<'a>,
    tiles: Range<usize>,
    panels: Range<usize>,
    /// `[A * A][block][c]`, with a gap behind each place.
    left: *mut f32,
    /// `[A * A][block][MAX_NR]`, likewise.
    products: *mut f32,
    transform: PhantomData<T>,
}

impl<'a, T, const A: usize, const M: usize> Piece<'a, T, A, M> {
    pub(super) fn new(
        squares: &'a Squares<'a>,
        tiles: Range<usize>,
        panels: Range<usize>,
        scratch: &'a mut [f32],
    ) -> Self {
        let left = A * A * (squares.block * squares.input.c + GAP);
        assert!(scratch.len() >= left + A * A * (squares.block * MAX_NR + GAP));
        assert!(tiles.len() <= squares.block);
        let (left, products) = scratch.split_at_mut(left);
        let (left, products) = (left.as_mut_ptr(), products.as_mut_ptr());
        Piece { squares, tiles, panels, left, products, transform: PhantomData }
    }
}

impl<T: Transform<A, M>, const A: usize, const M: usize> Kernel for Piece<'_, T, A, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (row, tile) in self.tiles.clone().enumerate() {
            s.call(Input { piece: &self, row, from: self.source(tile) });
        }
        let layout = Panels::new(S::ISA, self.squares.outputs);
        for index in self.panels.clone() {
            let panel = layout.get(index);
            self.multiply(s, panel);
            for (row, tile) in self.tiles.clone().enumerate() {
                self.output(s, row, tile, panel);
            }
        }
    }
}

impl<T: Transform<A, M>, const A: usize, const M: usize> Piece<'_, T, A, M> {
    /// Floats from one place to the next in [`Piece::left`].
    #[inline(always)]
    fn left_step(&self) -> usize {
        self.squares.block * self.squares.input.c + GAP
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
        let (mr, _) = tile_shape(S::LANES);
        let (k, rows) = (self.squares.input.c, self.tiles.len());
        let zeros = [0.0_f32; MAX_NR];
        let panels = self.squares.panels[A * A * k * first..].as_ptr();
        let parts = rows.div_ceil(mr);
        for place in 0..A * A {
            let left = self.left.wrapping_add(place * self.left_step());
            let products = self.products.wrapping_add(place * self.product_step());
            for some in (0..parts).map(|i| part(rows, parts, i)) {
                let mut at = [std::ptr::null(); MAX_MR];
                let mut out = [std::ptr::null_mut(); MAX_MR];
                for (i, row) in some.clone().enumerate() {
                    at[i] = left.wrapping_add(row * k).cast_const();
                    out[i] = products.wrapping_add(row * MAX_NR);
                }
                let args = TileArgs {
                    rows: &raw const at,
                    taps: 1,
                    k,
                    panel: panels.wrapping_add(place * k * width),
                    init: zeros.as_ptr(),
                    init_ld: 0,
                    floor: f32::NEG_INFINITY,
                    out: out.as_ptr(),
                };
                // SAFETY: rows are in the scratch, which holds `k` floats of each square and `MAX_NR` products.
                unsafe { tile::<S, false>(s, some.len(), width, args) };
            }
        }
    }

    /// The pixels of a square, in the columns of a panel.
    #[inline(always)]
    fn output<S: Simd>(&self, s: S, row: usize, tile: usize, panel: Panel) {
        let out = self.squares.out;
        let mut sums = [MaybeUninit::<f32>::uninit(); MAX_PIXELS * MAX_NR];
        let sums = sums.as_mut_ptr().cast();
        s.call(Output { piece: self, row, panel, to: sums });
        let [n, y, x] = self.place(tile);
        let pixel = |i: usize, j: usize| (n * out.h + y + i) * out.w + x + j;
        let (rows, columns) = (M.min(out.h - y), M.min(out.w - x));
        if columns == M {
            self.finish(s, sums, rows * M, panel, |i| pixel(i / M, i % M));
            return;
        }
        for i in 0..rows {
            self.finish(s, sums.wrapping_add(i * M * MAX_NR), columns, panel, |j| pixel(i, j));
        }
    }

    /// Sums to output pixels.
    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        s: S,
        sums: *const f32,
        count: usize,
        panel: Panel,
        pixel: impl Fn(usize) -> usize,
    ) {
        let Squares { out, epilogue, .. } = self.squares;
        let mut to = [std::ptr::null_mut(); MAX_PIXELS];
        let mut residual = [std::ptr::null(); MAX_PIXELS];
        let mut residuals = 0;
        for (i, (to, residual)) in to.iter_mut().zip(&mut residual).enumerate().take(count) {
            let pixel = pixel(i);
            *to = out.pixels.ptr().wrapping_add(pixel * out.pixels.ld() + panel.first);
            if let Some(from) = epilogue.residual_at(pixel, panel.first, *to) {
                *residual = from;
                residuals = count;
            }
        }
        s.call(Finish {
            sums,
            stride: MAX_NR,
            columns: panel.columns,
            out: &to[..count],
            residual: &residual[..residuals],
            before_activation: epilogue.adds_before_activation(),
            activation: epilogue.activation,
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
struct Input<'a, 'b, T, const A: usize, const M: usize> {
    piece: &'a Piece<'b, T, A, M>,
    row: usize,
    from: Source<A>,
}

impl<T: Transform<A, M>, const A: usize, const M: usize> Kernel for Input<'_, '_, T, A, M> {
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

impl<T: Transform<A, M>, const A: usize, const M: usize> Input<'_, '_, T, A, M> {
    /// All channels of the pixels at `from(y, x)`.
    #[inline(always)]
    fn all<S: Simd>(&self, s: S, from: impl Fn(usize, usize) -> *const f32) {
        let channels = self.piece.squares.input.c;
        let mut c = 0;
        while c + S::LANES <= channels {
            // SAFETY: a pixel of the image, and the zeros, have all channels.
            self.channels(s, c, S::LANES, |y, x| unsafe { s.load_ptr(from(y, x).wrapping_add(c)) });
            c += S::LANES;
        }
        if c < channels {
            let count = channels - c;
            // SAFETY: as above.
            let load = |y, x| unsafe { s.load_ptr_partial(from(y, x).wrapping_add(c), count) };
            self.channels(s, c, count, load);
        }
    }

    /// `count` channels from `c` on.
    #[inline(always)]
    fn channels<S: Simd>(
        &self,
        s: S,
        c: usize,
        count: usize,
        load: impl Fn(usize, usize) -> S::F32,
    ) {
        let piece = self.piece;
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
        let to = piece.left.wrapping_add(self.row * piece.squares.input.c + c);
        let step = piece.left_step();
        for (y, row) in columns.into_iter().enumerate() {
            for (x, v) in T::input(s, row).into_iter().enumerate() {
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
}

/// Transforms the products of a square to `[M * M][MAX_NR]` sums.
struct Output<'a, 'b, T, const A: usize, const M: usize> {
    piece: &'a Piece<'b, T, A, M>,
    row: usize,
    panel: Panel,
    to: *mut f32,
}

impl<T: Transform<A, M>, const A: usize, const M: usize> Kernel for Output<'_, '_, T, A, M> {
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
            for (y, row) in rows.into_iter().enumerate() {
                for (x, sum) in T::output(s, row).into_iter().enumerate() {
                    let to = self.to.wrapping_add((y * M + x) * MAX_NR + at);
                    // SAFETY: `to` has `MAX_NR` floats for each of `M * M` pixels.
                    unsafe { s.store_ptr(s.add(sum, bias), to) };
                }
            }
            at += S::LANES;
        }
    }
}

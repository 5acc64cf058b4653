//! Convolutions of three by three taps and stride one or two with fewer products: Winograd's minimal filtering.
//!
//! The output is cut into squares, each of which comes from a larger square of inputs. Both sides of the product are
//! transformed, so that each of the `A * A` places is a matrix product over the channels. A block of squares stays in the
//! second-level cache from the image's pixels to the output's.

mod piece;
mod transform;

use std::ops::Range;

use super::{Algorithm, Conv2d, FEW_CHANNELS, PackedConv};
use crate::aligned::Aligned;
use crate::gemm::Epilogue;
use crate::gemm::panels::{Panel, Panels};
use crate::gemm::pieces::PANEL_BYTES;
use crate::gemm::row::Row;
use crate::gemm::tile::{MAX_NR, SECOND, tile_shape};
use crate::simd::{dispatch, dispatch_bf16, dispatch_products};
use crate::split::{Base, by_workers, part};
use crate::{Context, Factors, Image, ImageMut, Isa, Products};
use piece::{Part, Piece, Squares};
use transform::{Four, ThreeStrided, Transform, Two};

/// Bytes of transformed inputs and products that a block may take of the second-level cache.
const BLOCK_BYTES: usize = 640 << 10;
/// The same where it is the only one, so that each weight is read once.
const ONCE_BYTES: usize = 768 << 10;
/// Floats by which the matrices of the places are set apart, so that they do not meet in one set of the cache.
const GAP: usize = 16;
/// Columns of the output that are worth transforming the input a second time for.
const WORTH_COLUMNS: usize = 64;

/// Weights, transformed: `[n / NR][right * right][products.floats(k)][NR]`.
pub(super) struct Winograd {
    algorithm: Algorithm,
    products: Products,
    panels: Aligned,
    zeros: Vec<f32>,
}

impl Winograd {
    /// For one of the algorithms that [`fits`] says yes to.
    pub(super) fn pack(
        isa: Isa,
        algorithm: Algorithm,
        products: Products,
        [o, i, ..]: [usize; 4],
        w: &[f32],
    ) -> Winograd {
        let panels = match algorithm {
            Algorithm::Winograd2 => pack::<Two, 4, 2>(isa, products, [o, i], w),
            Algorithm::Winograd3 => pack::<ThreeStrided, 7, 3>(isa, products, [o, i], w),
            _ => pack::<Four, 6, 4>(isa, products, [o, i], w),
        };
        Winograd { algorithm, products, panels, zeros: vec![0.0; i] }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.panels[..])
    }

    fn exceeds_cache(&self) -> bool {
        self.bytes() > PANEL_BYTES
    }

    /// Floats of scratch on `threads` threads.
    pub(super) fn scratch_len(
        &self,
        w: &PackedConv,
        [n, h, width, _]: [usize; 4],
        threads: usize,
    ) -> usize {
        let size = w.spec().output_size([h, width], [3, 3]);
        self.blocks(w, [n, size[0], size[1]], threads).scratch * threads
    }

    fn blocks(&self, w: &PackedConv, out: [usize; 3], threads: usize) -> Blocks {
        Blocks::new(self.algorithm, self.products, self.exceeds_cache(), w, out, threads)
    }

    pub(super) fn run(
        &self,
        ctx: Context,
        w: &PackedConv,
        input: &Image,
        epilogue: Epilogue,
        out: &ImageMut,
        scratch: &mut [f32],
    ) {
        let blocks = self.blocks(w, [out.n, out.h, out.w], ctx.pool.threads());
        let squares = Squares {
            input,
            out,
            pad: [w.spec().pad[0], w.spec().pad[1]],
            outputs: w.outputs(),
            products: self.products,
            row: Row::new(w.isa(), self.products, w.inputs()),
            panels: &self.panels,
            zeros: &self.zeros,
            epilogue,
            block: blocks.block,
            fetch: self.exceeds_cache(),
        };
        let base = Base(scratch.as_mut_ptr());
        by_workers(ctx.pool, blocks.count * blocks.columns, |worker, pieces| {
            // SAFETY: the scratch was checked to hold `blocks.scratch` floats for each worker.
            let scratch = unsafe { base.slice(worker * blocks.scratch, blocks.scratch) };
            let mut transformed = 0..0;
            for piece in pieces {
                let (squares, scratch) = (&squares, &mut *scratch);
                let [tiles, panels] = blocks.piece(piece);
                let part = Part { is_transformed: tiles == transformed, tiles, panels };
                transformed = part.tiles.clone();
                let run = match self.algorithm {
                    Algorithm::Winograd2 => run::<Two, 4, 2>,
                    Algorithm::Winograd3 => run::<ThreeStrided, 7, 3>,
                    _ => run::<Four, 6, 4>,
                };
                run(w.isa(), self.products, squares, part, scratch);
            }
        });
    }
}

/// Computes the squares of a piece in the columns of its panels.
fn run<T: Transform<A, M>, const A: usize, const M: usize>(
    isa: Isa,
    products: Products,
    squares: &Squares,
    part: Part,
    scratch: &mut [f32],
) {
    match (products, squares.out.pixels.factors()) {
        (Products::F32, Factors::F32) => {
            dispatch(isa, Piece::<T, A, M, false>::new(squares, part, scratch));
        }
        (Products::F32, Factors::Bf16) => {
            dispatch_bf16(isa, Piece::<T, A, M, false>::new(squares, part, scratch));
        }
        (Products::Bf16 | Products::Bf16x3, _) => {
            dispatch_products(isa, Piece::<T, A, M, true>::new(squares, part, scratch));
        }
    }
}

/// Whether a convolution is of the kind that this can do.
pub(super) fn fits(algorithm: Algorithm, spec: &Conv2d, shape: [usize; 4]) -> bool {
    let strides = match algorithm {
        Algorithm::Direct => return false,
        Algorithm::Winograd2 | Algorithm::Winograd4 => [1, 1],
        Algorithm::Winograd3 => [2, 2],
    };
    let plain = spec.stride == strides && spec.dilation == [1, 1] && spec.groups == 1;
    plain && shape[2..] == [3, 3]
}

/// What squares over `i` channels are computed with that are asked for `products`. Those of four are not rounded: that would
/// have five times the error of the definition's, where others have less than twice.
pub(super) fn products(algorithm: Algorithm, products: Products, i: usize) -> Products {
    match products {
        Products::Bf16 if algorithm == Algorithm::Winograd4 || i < FEW_CHANNELS => Products::F32,
        Products::Bf16x3 if !CUT.contains(&i) => Products::F32,
        products => products,
    }
}

/// Channels that are cut: of fewer that takes more than it spares, of more a block of squares has no place in the
/// second-level cache.
const CUT: Range<usize> = 32..97;

/// Transforms all kernels, panel by panel.
fn pack<T: Transform<A, M>, const A: usize, const M: usize>(
    isa: Isa,
    products: Products,
    [o, i]: [usize; 2],
    w: &[f32],
) -> Aligned {
    let (layout, right) = (Panels::new(isa, o), T::RIGHT * T::RIGHT);
    let len = right * products.floats(i);
    let mut panels = Aligned::zeros(layout.len(len));
    // `[right][i][columns]` of a panel.
    let mut transformed = Vec::new();
    for Panel { first, columns, width } in (0..layout.count()).map(|index| layout.get(index)) {
        transformed.resize(right * i * columns, 0.0);
        for column in 0..columns {
            let kernels = w[(first + column) * i * 9..][..i * 9].chunks_exact(9);
            for (channel, taps) in kernels.enumerate() {
                let places = kernel::<T, A, M>(taps);
                for (y, row) in places[..T::RIGHT].iter().enumerate() {
                    for (x, value) in row[..T::RIGHT].iter().enumerate() {
                        let place = y * T::RIGHT + x;
                        transformed[(place * i + channel) * columns + column] = *value;
                    }
                }
            }
        }
        let to = &mut panels[len * first..len * (first + width)];
        Panels::new(isa, columns).pack_for(to, products, [right, i], |place, channel, column| {
            transformed[(place * i + channel) * columns + column]
        });
    }
    panels
}

/// Transforms the nine taps of a kernel.
fn kernel<T: Transform<A, M>, const A: usize, const M: usize>(taps: &[f32]) -> [[f32; A]; A] {
    let rows: [[f64; A]; 3] =
        std::array::from_fn(|x| T::kernel(std::array::from_fn(|y| f64::from(taps[y * 3 + x]))));
    std::array::from_fn(|y| {
        T::kernel(std::array::from_fn(|x| rows[x][y])).map(|value| value as f32)
    })
}

/// Products of a square.
pub(super) fn places(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Direct => 9,
        Algorithm::Winograd2 => 16,
        Algorithm::Winograd3 => 49,
        Algorithm::Winograd4 => 36,
    }
}

/// How squares and panels are divided.
struct Blocks {
    tiles: usize,
    /// Squares of a block, at most.
    block: usize,
    count: usize,
    panels: usize,
    /// Pieces along the columns.
    columns: usize,
    /// Floats of scratch of a thread.
    scratch: usize,
}

impl Blocks {
    /// Of an output `[n, h, width]`, with products of `factors` by weights that come `from_memory`: once if all squares
    /// are in one block.
    fn new(
        algorithm: Algorithm,
        products: Products,
        from_memory: bool,
        w: &PackedConv,
        [n, h, width]: [usize; 3],
        threads: usize,
    ) -> Blocks {
        let (side, k) = (algorithm.side(), Row::new(w.isa(), products, w.inputs()).ld);
        let (mr, nr) = tile_shape(w.isa(), products);
        let tiles = n * h.div_ceil(side) * width.div_ceil(side);
        let places = places(algorithm);
        let of_one = places * (k + nr);
        // One group of rows where two would leave threads without work.
        let mr = if mr > SECOND && tiles <= threads * mr { SECOND } else { mr };
        let fit = (BLOCK_BYTES / 4 / of_one.max(1) / mr).max(1) * mr;
        let fair = tiles.div_ceil(threads * 2).next_multiple_of(mr).max(mr);
        let once = from_memory && tiles * of_one * size_of::<f32>() <= ONCE_BYTES;
        let block = if once { tiles.max(1) } else { fit.min(fair) };
        let count = tiles.div_ceil(block);
        let panels = Panels::new(w.isa(), w.outputs()).count();
        let worth = (w.outputs() / WORTH_COLUMNS).clamp(1, panels.max(1));
        let columns = (2 * threads).div_ceil(count.max(1)).min(worth);
        let scratch = places * (block * (k + MAX_NR) + 2 * GAP);
        Blocks { tiles, block, count, panels, columns, scratch }
    }

    fn piece(&self, piece: usize) -> [Range<usize>; 2] {
        let (block, column) = (piece / self.columns, piece % self.columns);
        [part(self.tiles, self.count, block), part(self.panels, self.columns, column)]
    }
}

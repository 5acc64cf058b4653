//! Scaled dot-product attention, `softmax(q k^T * scale + mask) v`, head by head.
//!
//! Keys and values are packed into panels once per head. A tile of queries then walks over the keys in blocks, keeping the
//! maximum and the sum of its softmax as it goes, so that no matrix of scores is ever stored.

mod exp;
mod flash;
mod weights;

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::gemm::pack::PackPanel;
use crate::gemm::panels::{Panel, Panels};
use crate::gemm::tile::tile_shape;
use crate::matmul::Scratch;
use crate::simd::{dispatch, dispatch_bf16, dispatch_products};
use crate::split::part;
use crate::{Context, Factors, Isa, Products, Rows, RowsMut};
use flash::Queries;
use weights::KEYS;

/// Pieces of work per thread, where there are several.
const PIECES: usize = 4;

/// The extents of an attention.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attention {
    /// Sequences.
    pub batch: usize,
    /// Heads, side by side in each row.
    pub heads: usize,
    /// Queries of a sequence.
    pub q_len: usize,
    /// Keys of a sequence.
    pub kv_len: usize,
    /// Width of a head in queries and keys.
    pub head_dim: usize,
    /// Width of a head in values and output.
    pub v_dim: usize,
    /// Factor of the scores, usually `1 / sqrt(head_dim)`.
    pub scale: f32,
    /// Whether query `i` sees keys `0..=i` only.
    pub causal: bool,
    /// How scores, and sums of values, are computed. [`Products::Bf16`] rounds queries, keys, values and the weights of values.
    pub products: Products,
}

/// What is added to the scores: `[q_len, kv_len]`, per batch and head if the strides are not zero.
#[derive(Clone, Copy, Debug)]
pub struct Mask<'a> {
    /// The summands.
    pub data: &'a [f32],
    /// Floats from one sequence to the next.
    pub batch_stride: usize,
    /// Floats from one head to the next.
    pub head_stride: usize,
    /// Floats from one query to the next.
    pub row_stride: usize,
}

impl<'a> Mask<'a> {
    /// `[q_len, kv_len]`, the same for all sequences and heads.
    pub fn shared(data: &'a [f32], kv_len: usize) -> Mask<'a> {
        Mask { data, batch_stride: 0, head_stride: 0, row_stride: kv_len }
    }

    fn check(&self, shape: &Attention) {
        let last = (shape.batch - 1) * self.batch_stride
            + (shape.heads - 1) * self.head_stride
            + (shape.q_len - 1) * self.row_stride;
        assert!(self.data.len() >= last + shape.kv_len, "mask of {shape:?}");
    }
}

impl Attention {
    /// The same with thirds in place of numbers where that is faster. It takes time to cut keys, values and their weights, which
    /// many of them make up for.
    #[must_use]
    pub fn fastest(self, isa: Isa) -> Attention {
        const ROWS: usize = 512;
        const COLUMNS: usize = 64;
        let Attention { q_len, kv_len, head_dim, v_dim, .. } = self;
        let many = q_len.min(kv_len) >= ROWS && head_dim.min(v_dim) >= COLUMNS;
        if self.products != Products::F32 || !many {
            return self;
        }
        let products = Products::fastest(isa, Factors::F32, [q_len, kv_len, 1, head_dim]);
        Attention { products, ..self }
    }

    /// Floats of packed keys, and of packed values, of one head.
    fn packed_len(&self, isa: Isa) -> [usize; 2] {
        let (keys, values) = (Panels::new(isa, self.kv_len), Panels::new(isa, self.v_dim));
        let [dim, kv_len] = self.depths();
        [keys.len(dim), values.len(kv_len)]
    }

    /// With the products that `isa` computes.
    fn on(&self, isa: Isa) -> Attention {
        Attention { products: self.products.on(isa), ..*self }
    }

    /// Floats that a key takes in a head, and a column of values.
    fn depths(&self) -> [usize; 2] {
        [self.head_dim, self.kv_len].map(|k| self.products.floats(k))
    }
}

/// Floats of scratch that [`attention`] needs.
pub fn attention_scratch_len(isa: Isa, shape: &Attention) -> usize {
    let isa = isa.or_scalar();
    let [k, v] = shape.on(isa).packed_len(isa);
    shape.batch * shape.heads * (k + v)
}

/// Queries `[batch * q_len, heads * head_dim]`, keys `[batch * kv_len, heads * head_dim]` and values
/// `[batch * kv_len, heads * v_dim]` to `[batch * q_len, heads * v_dim]`.
///
/// A query whose scores are all `-inf` gives zeros. The output may hold bf16 where products are of it and `v_dim` is even.
///
/// # Panics
/// When an argument or the scratch is too small for `shape`.
pub fn attention(
    ctx: Context,
    shape: &Attention,
    [q, k, v]: [Rows; 3],
    mask: Option<Mask>,
    out: RowsMut,
    scratch: &mut [f32],
) {
    let Attention { batch, heads, q_len, kv_len, head_dim, v_dim, .. } = *shape;
    assert_eq!([q.rows(), out.rows()], [batch * q_len; 2], "{shape:?}");
    assert_eq!([k.rows(), v.rows()], [batch * kv_len; 2], "{shape:?}");
    q.check(heads * head_dim);
    k.check(heads * head_dim);
    v.check(heads * v_dim);
    out.check_numbers(heads * v_dim);
    let pairs = shape.products == Products::Bf16 && v_dim.is_multiple_of(2);
    assert!(pairs || out.factors() == Factors::F32, "pairs of {shape:?}");
    assert!(scratch.len() >= attention_scratch_len(ctx.isa, shape), "scratch for {shape:?}");
    if batch * heads * q_len == 0 {
        return;
    }
    if let Some(mask) = &mask {
        mask.check(shape);
    }

    let isa = ctx.isa.or_scalar();
    let shape = &shape.on(isa);
    let job = Job { isa, shape, q, k, v, mask, out, scratch: Scratch(scratch.as_mut_ptr()) };
    job.pack(ctx);
    job.attend(ctx);
}

struct Job<'a> {
    isa: Isa,
    shape: &'a Attention,
    q: Rows<'a>,
    k: Rows<'a>,
    v: Rows<'a>,
    mask: Option<Mask<'a>>,
    out: RowsMut<'a>,
    scratch: Scratch,
}

impl Job<'_> {
    /// Packs keys and values of all heads.
    fn pack(&self, ctx: Context) {
        let shape = self.shape;
        let keys = Panels::new(self.isa, shape.kv_len);
        let values = Panels::new(self.isa, shape.v_dim);
        let blocks = shape.kv_len.div_ceil(KEYS);
        let panels = keys.count() + values.count() * blocks;
        ctx.pool.run(shape.batch * shape.heads * panels, &|piece| {
            let (head, panel) = (piece / panels, piece % panels);
            let Some(block) = panel.checked_sub(keys.count()) else {
                return self.pack_keys(head, keys.get(panel));
            };
            let start = block % blocks * KEYS;
            let some = start..shape.kv_len.min(start + KEYS);
            self.pack_values(head, values.get(block / blocks), some);
        });
    }

    fn pack_keys(&self, head: usize, Panel { first, columns, width }: Panel) {
        let shape = self.shape;
        let (n, h) = (head / shape.heads, head % shape.heads);
        let row = n * shape.kv_len + first;
        let panel = PackPanel {
            from: self.k.ptr().wrapping_add(row * self.k.ld() + h * shape.head_dim),
            ld: self.k.ld(),
            transposed: true,
            products: shape.products,
            k: shape.head_dim,
            columns,
            width,
            to: self.keys(head).wrapping_add(first * shape.depths()[0]),
        };
        self.dispatch(panel);
    }

    /// Of a block of keys, which is a panel of its own.
    fn pack_values(&self, head: usize, Panel { first, columns, width }: Panel, keys: Range<usize>) {
        let shape = self.shape;
        let (n, h) = (head / shape.heads, head % shape.heads);
        let (row, column) = (n * shape.kv_len + keys.start, h * shape.v_dim + first);
        let panel = PackPanel {
            from: self.v.ptr().wrapping_add(row * self.v.ld() + column),
            ld: self.v.ld(),
            transposed: false,
            products: shape.products,
            k: keys.len(),
            columns,
            width,
            to: self.values(head, first, width, keys.start),
        };
        self.dispatch(panel);
    }

    fn keys(&self, head: usize) -> *mut f32 {
        let [k, v] = self.shape.packed_len(self.isa);
        self.scratch.at(head * (k + v))
    }

    /// Of a panel of `width` columns from `column` on, where a block of keys begins.
    fn values(&self, head: usize, column: usize, width: usize, key: usize) -> *mut f32 {
        let ([keys, _], [_, depth]) = (self.shape.packed_len(self.isa), self.shape.depths());
        let before = column * depth + self.shape.products.floats(key) * width;
        self.keys(head).wrapping_add(keys + before)
    }

    /// Attends with all queries of all heads.
    fn attend(&self, ctx: Context) {
        let heads = self.shape.batch * self.shape.heads;
        let all_tiles = self.shape.q_len.div_ceil(tile_shape(self.isa, self.shape.products).0);
        let threads = ctx.pool.threads();
        let parts =
            if threads == 1 { 1 } else { (threads * PIECES).div_ceil(heads).min(all_tiles) };
        ctx.pool.run(heads * parts, &|piece| {
            let (head, index) = (piece / parts, piece % parts);
            let tiles = part(all_tiles, parts, index);
            let queries = Queries::<false> { job: self, head, all_tiles, tiles };
            match self.shape.products {
                Products::F32 => dispatch(self.isa, queries),
                Products::Bf16 | Products::Bf16x3 => {
                    dispatch_products(self.isa, queries.in_pairs());
                }
            }
        });
    }

    fn dispatch(&self, panel: PackPanel) {
        match self.shape.products {
            Products::F32 => dispatch(self.isa, panel),
            Products::Bf16 | Products::Bf16x3 => dispatch_bf16(self.isa, panel),
        }
    }
}

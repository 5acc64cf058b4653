//! A tile of queries against all keys, with an online softmax.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::Job;
use super::exp::exp;
use crate::gemm::tile::{MAX_MR, MAX_NR, TileArgs, tile, tile_shape};
use crate::simd::{Kernel, Simd};

/// Keys of a block: a multiple of every panel's width.
const KEYS: usize = 128;
/// Columns of values that are summed at a time.
const VALUES: usize = 256;

/// Some query tiles of one head.
pub(super) struct Queries<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) head: usize,
    pub(super) all_tiles: usize,
    pub(super) tiles: Range<usize>,
}

impl Kernel for Queries<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let shape = self.job.shape;
        for tile in self.tiles.clone() {
            let first = shape.q_len * tile / self.all_tiles;
            let count = shape.q_len * (tile + 1) / self.all_tiles - first;
            for column in (0..shape.v_dim).step_by(VALUES) {
                let columns = VALUES.min(shape.v_dim - column);
                Tile::new(&self, first, count, column, columns).run(s);
            }
        }
    }
}

/// `count` queries, and the columns of values that they gather.
struct Tile<'a> {
    job: &'a Job<'a>,
    head: usize,
    first: usize,
    count: usize,
    column: usize,
    columns: usize,
    queries: [*const f32; MAX_MR],
    scores: [MaybeUninit<f32>; MAX_MR * KEYS],
    sums: [MaybeUninit<f32>; MAX_MR * VALUES],
    max: [f32; MAX_MR],
    total: [f32; MAX_MR],
}

impl<'a> Tile<'a> {
    #[inline(always)]
    fn new(
        queries: &Queries<'a>,
        first: usize,
        count: usize,
        column: usize,
        columns: usize,
    ) -> Tile<'a> {
        let (job, head) = (queries.job, queries.head);
        let shape = job.shape;
        let (n, h) = (head / shape.heads, head % shape.heads);
        let mut queries = [std::ptr::null(); MAX_MR];
        for (i, q) in queries[..count].iter_mut().enumerate() {
            let row = n * shape.q_len + first + i;
            *q = job.q.ptr().wrapping_add(row * job.q.ld() + h * shape.head_dim);
        }
        Tile {
            job,
            head,
            first,
            count,
            column,
            columns,
            queries,
            scores: [MaybeUninit::uninit(); MAX_MR * KEYS],
            sums: [MaybeUninit::new(0.0); MAX_MR * VALUES],
            max: [f32::NEG_INFINITY; MAX_MR],
            total: [0.0; MAX_MR],
        }
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, s: S) {
        let shape = self.job.shape;
        let end =
            if shape.causal { shape.kv_len.min(self.first + self.count) } else { shape.kv_len };
        for start in (0..end).step_by(KEYS) {
            let keys = start..end.min(start + KEYS);
            self.score(s, &keys);
            for i in 0..self.count {
                self.softmax(s, i, &keys);
            }
            self.gather(s, &keys);
        }
        self.write(s);
    }

    fn scores_of(&mut self, i: usize) -> *mut f32 {
        self.scores.as_mut_ptr().cast::<f32>().wrapping_add(i * KEYS)
    }

    fn sums_of(&mut self, i: usize) -> *mut f32 {
        self.sums.as_mut_ptr().cast::<f32>().wrapping_add(i * VALUES)
    }

    /// Scores of all queries with `keys`, whole panels of them.
    #[inline(always)]
    fn score<S: Simd>(&mut self, s: S, keys: &Range<usize>) {
        let (_, nr) = tile_shape(S::LANES);
        let dim = self.job.shape.head_dim;
        for first in keys.clone().step_by(nr) {
            let zeros = [0.0; MAX_NR];
            let mut out = [std::ptr::null_mut(); MAX_MR];
            for (i, out) in out[..self.count].iter_mut().enumerate() {
                *out = self.scores_of(i).wrapping_add(first - keys.start);
            }
            let args = TileArgs {
                rows: &raw const self.queries,
                taps: 1,
                k: dim,
                panel: self.job.keys(self.head).wrapping_add(first * dim),
                init: zeros.as_ptr(),
                init_ld: 0,
                floor: f32::NEG_INFINITY,
                out: out.as_ptr(),
            };
            // SAFETY: queries were checked, the panel is packed, and a row of scores holds whole panels.
            unsafe { tile(s, self.count, args) };
        }
    }

    /// Turns scores of query `i` into weights, relative to the largest score so far.
    #[inline(always)]
    fn softmax<S: Simd>(&mut self, s: S, i: usize, keys: &Range<usize>) {
        let shape = self.job.shape;
        let query = self.first + i;
        let seen = if shape.causal { keys.end.min(query + 1) } else { keys.end };
        let count = seen.saturating_sub(keys.start);
        let mask = self.mask_row(query, keys.start);
        let scores = self.scores_of(i);

        let scale = s.splat(shape.scale);
        let mut largest = s.splat(self.max[i]);
        for at in (0..count).step_by(S::LANES) {
            let n = S::LANES.min(count - at);
            // SAFETY: a row of scores holds `KEYS`, a row of the mask `kv_len`.
            unsafe {
                let mut x = s.mul(s.load_ptr(scores.add(at)), scale);
                if let Some(mask) = mask {
                    x = s.add(x, s.load_ptr_partial(mask.add(at), n));
                }
                s.store_ptr(x, scores.add(at));
                if n < S::LANES {
                    for lane in n..S::LANES {
                        *scores.add(at + lane) = f32::NEG_INFINITY;
                    }
                    x = s.load_ptr(scores.add(at));
                }
                largest = s.max(largest, x);
            }
        }
        let max = s.reduce_max(largest);
        let rescale = if self.max[i] == max { 1.0 } else { (self.max[i] - max).exp() };
        self.max[i] = max;

        let shift = s.splat(if max == f32::NEG_INFINITY { 0.0 } else { max });
        let mut total = s.zero();
        for at in (0..count).step_by(S::LANES) {
            // SAFETY: a row of scores holds `KEYS`.
            unsafe {
                let weight = exp(s, s.sub(s.load_ptr(scores.add(at)), shift));
                s.store_ptr(weight, scores.add(at));
                total = s.add(total, weight);
            }
        }
        for at in count..keys.len() {
            // SAFETY: a row of scores holds `KEYS`.
            unsafe { *scores.add(at) = 0.0 };
        }
        self.total[i] = self.total[i] * rescale + s.reduce_add(total);
        self.rescale(s, i, rescale);
    }

    #[inline(always)]
    fn mask_row(&self, query: usize, key: usize) -> Option<*const f32> {
        let mask = self.job.mask.as_ref()?;
        let (n, h) = (self.head / self.job.shape.heads, self.head % self.job.shape.heads);
        let at = n * mask.batch_stride + h * mask.head_stride + query * mask.row_stride + key;
        Some(mask.data[at..].as_ptr())
    }

    #[inline(always)]
    fn rescale<S: Simd>(&mut self, s: S, i: usize, factor: f32) {
        if factor.to_bits() == 1.0f32.to_bits() {
            return;
        }
        let sums = self.sums_of(i);
        for at in (0..self.columns).step_by(S::LANES) {
            // SAFETY: a row of sums holds `VALUES`, a multiple of the lanes.
            unsafe {
                let x = s.mul(s.load_ptr(sums.add(at)), s.splat(factor));
                s.store_ptr(x, sums.add(at));
            }
        }
    }

    /// Adds the values of `keys`, weighted.
    #[inline(always)]
    fn gather<S: Simd>(&mut self, s: S, keys: &Range<usize>) {
        let (_, nr) = tile_shape(S::LANES);
        let kv_len = self.job.shape.kv_len;
        let mut rows = [std::ptr::null(); MAX_MR];
        for (i, row) in rows[..self.count].iter_mut().enumerate() {
            *row = self.scores_of(i).cast_const();
        }
        for at in (0..self.columns).step_by(nr) {
            let mut out = [std::ptr::null_mut(); MAX_MR];
            for (i, out) in out[..self.count].iter_mut().enumerate() {
                *out = self.sums_of(i).wrapping_add(at);
            }
            let values = self.job.values(self.head);
            let args = TileArgs {
                rows: &raw const rows,
                taps: 1,
                k: keys.len(),
                panel: values.wrapping_add((self.column + at) * kv_len + keys.start * nr),
                init: out[0],
                init_ld: VALUES,
                floor: f32::NEG_INFINITY,
                out: out.as_ptr(),
            };
            // SAFETY: rows of scores hold the weights of `keys`, the panel is packed, rows of sums hold whole panels.
            unsafe { tile(s, self.count, args) };
        }
    }

    #[inline(always)]
    fn write<S: Simd>(&mut self, s: S) {
        let (job, shape) = (self.job, self.job.shape);
        let (n, h) = (self.head / shape.heads, self.head % shape.heads);
        for i in 0..self.count {
            let row = n * shape.q_len + self.first + i;
            let column = h * shape.v_dim + self.column;
            let out = job.out.ptr().wrapping_add(row * job.out.ld() + column);
            let total = self.total[i];
            let factor = s.splat(if total == 0.0 { 0.0 } else { 1.0 / total });
            let sums = self.sums_of(i);
            for at in (0..self.columns).step_by(S::LANES) {
                let count = S::LANES.min(self.columns - at);
                // SAFETY: the output was checked for the columns of the head.
                unsafe {
                    let y = s.mul(s.load_ptr(sums.add(at)), factor);
                    s.store_ptr_partial(y, out.add(at), count);
                }
            }
        }
    }
}

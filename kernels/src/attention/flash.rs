//! A tile of queries against all keys, with an online softmax.

use std::f32::consts::LOG2_E;
use std::ops::Range;

use super::Job;
use super::exp::exp2;
use super::weights::{self, KEYS, SCORES, THIRDS};
use crate::aligned::{Lines, ZEROS};
use crate::gemm::panels::Panels;
use crate::gemm::rounded::Rounded;
use crate::gemm::row::Row;
use crate::gemm::tile::{MAX_MR, MAX_NR, TileArgs, groups_of, tile, tile_shape};
use crate::simd::{Kernel, Simd};
use crate::split::part;
use crate::vectors::{first_lanes, load_up_to, store_pairs_up_to};
use crate::{Factors, Products};

/// Columns of values that are summed at a time.
const VALUES: usize = 256;

/// Some query tiles of one head; with `PAIRS`, all factors are pairs of bf16.
pub(super) struct Queries<'a, const PAIRS: bool> {
    pub(super) job: &'a Job<'a>,
    pub(super) head: usize,
    pub(super) all_tiles: usize,
    pub(super) tiles: Range<usize>,
}

impl<'a> Queries<'a, false> {
    /// The same for factors that are pairs.
    pub(super) fn in_pairs(self) -> Queries<'a, true> {
        let Queries { job, head, all_tiles, tiles } = self;
        Queries { job, head, all_tiles, tiles }
    }
}

impl<const PAIRS: bool> Kernel for Queries<'_, PAIRS> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let shape = self.job.shape;
        let mut rounded = if PAIRS { Rounded::take() } else { Rounded::default() };
        let mut memory = Memory::new();
        for tile in self.tiles.clone() {
            let rows = part(shape.q_len, self.all_tiles, tile);
            for column in (0..shape.v_dim).step_by(VALUES) {
                let columns = column..shape.v_dim.min(column + VALUES);
                let mut tile = Tile::<PAIRS>::new(&self, rows.clone(), columns, &mut memory);
                if PAIRS {
                    let queries = std::slice::from_mut(&mut tile.queries);
                    let (products, dim) = (shape.products, shape.head_dim);
                    rounded.begin(rows.len() * Row::new(S::ISA, products, dim).ld);
                    rounded.convert(s, products, dim, 0..rows.len(), queries);
                }
                tile.run(s);
            }
        }
        if PAIRS {
            rounded.keep();
        }
    }
}

/// A number per query of a tile, in whole vectors.
type OfQueries = [f32; MAX_MR];

/// Scores and sums of the queries of a tile.
struct Memory {
    scores: Lines<{ MAX_MR * THIRDS }>,
    sums: Lines<{ MAX_MR * VALUES }>,
}

impl Memory {
    #[inline(always)]
    fn new() -> Memory {
        Memory { scores: Lines::new(), sums: Lines::new() }
    }
}

/// `count` queries, and the columns of values that they gather.
struct Tile<'a, const PAIRS: bool> {
    job: &'a Job<'a>,
    head: usize,
    first: usize,
    count: usize,
    column: usize,
    columns: usize,
    queries: [*const f32; MAX_MR],
    memory: &'a mut Memory,
    max: OfQueries,
    total: OfQueries,
}

impl<'a, const PAIRS: bool> Tile<'a, PAIRS> {
    #[inline(always)]
    fn new(
        queries: &Queries<'a, PAIRS>,
        rows: Range<usize>,
        columns: Range<usize>,
        memory: &'a mut Memory,
    ) -> Self {
        let (job, head) = (queries.job, queries.head);
        let (first, count) = (rows.start, rows.len());
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
            column: columns.start,
            columns: columns.len(),
            queries,
            memory,
            max: [f32::NEG_INFINITY; MAX_MR],
            total: [0.0; MAX_MR],
        }
    }

    #[inline(always)]
    fn run<S: Simd>(&mut self, s: S) {
        let shape = self.job.shape;
        let seen = if shape.causal { self.first + self.count } else { shape.kv_len };
        // Thirds of values lie apart in each block of keys, all of which is therefore read.
        let end = if self.is_cut() { seen.next_multiple_of(KEYS) } else { seen };
        let end = end.min(shape.kv_len);
        for start in (0..end).step_by(KEYS) {
            let keys = start..end.min(start + KEYS);
            self.score(s, &keys);
            self.softmax(s, &keys);
            self.gather(s, &keys, start == 0);
        }
        self.write(s);
    }

    fn scores_of(&mut self, i: usize) -> *mut f32 {
        let ld = if self.is_cut() { THIRDS } else { SCORES };
        self.memory.scores.as_mut_ptr().wrapping_add(i * ld)
    }

    /// Whether factors are thirds.
    #[inline(always)]
    fn is_cut(&self) -> bool {
        PAIRS && self.job.shape.products == Products::Bf16x3
    }

    /// Floats from one row of sums to the next: whole panels.
    #[inline(always)]
    fn sums_ld(&self) -> usize {
        self.columns.next_multiple_of(MAX_NR)
    }

    fn sums_of(&mut self, i: usize) -> *mut f32 {
        self.memory.sums.as_mut_ptr().wrapping_add(i * self.sums_ld())
    }

    /// Scores of all queries with `keys`, whole panels of them.
    #[inline(always)]
    fn score<S: Simd>(&mut self, s: S, keys: &Range<usize>) {
        let shape = self.job.shape;
        let ([dim, _], (_, nr)) = (shape.depths(), tile_shape(S::ISA, shape.products));
        let Row { depth, third, .. } = Row::new(S::ISA, shape.products, shape.head_dim);
        let layout = Panels::new(S::ISA, shape.kv_len);
        let groups = groups_of(S::ISA, shape.products, self.count);
        for first in keys.clone().step_by(nr) {
            let width = layout.get(first / nr).width;
            let mut out = [std::ptr::null_mut(); MAX_MR];
            for (i, out) in out[..self.count].iter_mut().enumerate() {
                *out = self.scores_of(i).wrapping_add(first - keys.start);
            }
            let args = TileArgs {
                rows: &raw const self.queries,
                taps: 1,
                k: depth,
                third,
                panel: self.job.keys(self.head).wrapping_add(first * dim),
                init: ZEROS.as_ptr(),
                init_ld: 0,
                floor: f32::NEG_INFINITY,
                out: out.as_ptr(),
                fetch: None,
            };
            // SAFETY: queries were checked, the panel is packed, and a row of scores holds whole panels.
            unsafe { tile::<S, PAIRS>(s, groups, width, args) };
        }
    }

    /// Turns scores into weights, relative to the largest score of each query so far.
    #[inline(always)]
    fn softmax<S: Simd>(&mut self, s: S, keys: &Range<usize>) {
        // Weights are powers of two; where there is no mask, the scale is part of the exponent.
        let scale = self.job.shape.scale;
        let as_is = self.job.mask.is_none() && scale > 0.0;
        let factor = if as_is { scale * LOG2_E } else { LOG2_E };

        let before = self.max;
        for i in 0..self.count {
            let seen = self.seen(i, keys);
            if !as_is {
                self.add_mask(s, i, seen, keys.start);
            }
            self.update_max(s, i, seen);
        }
        let rescale = self.rescale_factors(s, &before, factor);
        for (i, &rescale) in rescale[..self.count].iter().enumerate() {
            let total = self.exponentiate(s, i, keys, factor);
            self.total[i] = self.total[i] * rescale + total;
            if keys.start > 0 {
                self.rescale(s, i, rescale);
            }
        }
    }

    /// How many of `keys` query `i` of the tile sees.
    #[inline(always)]
    fn seen(&self, i: usize, keys: &Range<usize>) -> usize {
        let limit = if self.job.shape.causal { self.first + i + 1 } else { keys.end };
        limit.clamp(keys.start, keys.end) - keys.start
    }

    /// Scales the scores of query `i` and adds its mask.
    #[inline(always)]
    fn add_mask<S: Simd>(&mut self, s: S, i: usize, seen: usize, key: usize) {
        let mask = self.mask_row(self.first + i, key);
        let (scores, scale) = (self.scores_of(i), s.splat(self.job.shape.scale));
        for at in (0..seen).step_by(S::LANES) {
            // SAFETY: a row of scores holds `KEYS`, a row of the mask `kv_len`.
            unsafe {
                let mut x = s.mul(s.load_ptr(scores.add(at)), scale);
                if let Some(mask) = mask {
                    x = s.add(x, s.load_ptr_partial(mask.add(at), S::LANES.min(seen - at)));
                }
                s.store_ptr(x, scores.add(at));
            }
        }
    }

    #[inline(always)]
    fn update_max<S: Simd>(&mut self, s: S, i: usize, seen: usize) {
        let scores = self.scores_of(i);
        let mut largest = s.splat(self.max[i]);
        // SAFETY: a row of scores holds `KEYS`, a multiple of the lanes.
        unsafe {
            let end = seen.next_multiple_of(2 * S::LANES);
            let least = s.splat(f32::NEG_INFINITY);
            for at in (seen / S::LANES * S::LANES..end).step_by(S::LANES) {
                let known = first_lanes(s, seen.saturating_sub(at));
                s.store_ptr(s.select(known, s.load_ptr(scores.add(at)), least), scores.add(at));
            }
            let mut other = largest;
            for at in (0..end).step_by(2 * S::LANES) {
                largest = s.max(largest, s.load_ptr(scores.add(at)));
                other = s.max(other, s.load_ptr(scores.add(at + S::LANES)));
            }
            largest = s.max(largest, other);
        }
        self.max[i] = s.reduce_max(largest);
    }

    /// What sums so far are multiplied with, now that the maximum was `before` and is `self.max`.
    #[inline(always)]
    fn rescale_factors<S: Simd>(&self, s: S, before: &OfQueries, factor: f32) -> OfQueries {
        let mut factors = [1.0; MAX_MR];
        if self.max.iter().zip(before).any(|(after, before)| after > before) {
            let (before, after) = (before.chunks_exact(S::LANES), self.max.chunks_exact(S::LANES));
            for ((to, before), after) in factors.chunks_exact_mut(S::LANES).zip(before).zip(after) {
                let (before, after) = (s.load(before), s.load(after));
                let fall = s.select(s.lt(before, after), s.sub(before, after), s.zero());
                s.store(exp2(s, s.mul(fall, s.splat(factor))), to);
            }
        }
        factors
    }

    /// `2^((score - max) * factor)` in place, zeros for keys that are not seen, and the sum.
    #[inline(always)]
    fn exponentiate<S: Simd>(&mut self, s: S, i: usize, keys: &Range<usize>, factor: f32) -> f32 {
        let (scores, seen) = (self.scores_of(i), self.seen(i, keys));
        let max = if self.max[i] == f32::NEG_INFINITY { 0.0 } else { self.max[i] };
        let scale = [s.splat(factor), s.splat(-max * factor)];
        let keys = [seen, keys.len()];
        // SAFETY: a row of scores holds `KEYS`, a multiple of two vectors, and `THIRDS` where those are written.
        unsafe {
            match (PAIRS, self.is_cut()) {
                (false, _) => weights::in_numbers(s, scores, keys, scale),
                (true, false) => weights::in_pairs(s, scores, keys, scale),
                (true, true) => weights::in_thirds(s, scores, keys, scale),
            }
        }
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
        if (factor - 1.0).abs() < f32::MIN_POSITIVE {
            return;
        }
        let sums = self.sums_of(i);
        for at in (0..self.columns).step_by(S::LANES) {
            // SAFETY: a row of sums holds whole panels.
            unsafe {
                let x = s.mul(s.load_ptr(sums.add(at)), s.splat(factor));
                s.store_ptr(x, sums.add(at));
            }
        }
    }

    /// Adds the values of `keys`, weighted.
    #[inline(always)]
    fn gather<S: Simd>(&mut self, s: S, keys: &Range<usize>, first: bool) {
        let (_, nr) = tile_shape(S::ISA, self.job.shape.products);
        let shape = self.job.shape;
        let layout = Panels::new(S::ISA, shape.v_dim);
        let mut rows = [std::ptr::null(); MAX_MR];
        for (i, row) in rows[..self.count].iter_mut().enumerate() {
            *row = self.scores_of(i).cast_const();
        }
        let groups = groups_of(S::ISA, shape.products, self.count);
        for at in (0..self.columns).step_by(nr) {
            let column = self.column + at;
            let width = layout.get(column / nr).width;
            let mut out = [std::ptr::null_mut(); MAX_MR];
            for (i, out) in out[..self.count].iter_mut().enumerate() {
                *out = self.sums_of(i).wrapping_add(at);
            }
            let args = TileArgs {
                rows: &raw const rows,
                taps: 1,
                k: Row::new(S::ISA, shape.products, keys.len()).depth,
                third: if self.is_cut() { KEYS } else { 0 },
                panel: self.job.values(self.head, column, width, keys.start),
                init: if first { ZEROS.as_ptr() } else { out[0].cast_const() },
                init_ld: if first { 0 } else { self.sums_ld() },
                floor: f32::NEG_INFINITY,
                out: out.as_ptr(),
                fetch: None,
            };
            // SAFETY: rows of scores hold the weights of `keys`, the panel is packed, rows of sums hold whole panels.
            unsafe { tile::<S, PAIRS>(s, groups, width, args) };
        }
    }

    #[inline(always)]
    fn write<S: Simd>(&mut self, s: S) {
        let (job, shape) = (self.job, self.job.shape);
        let (n, h) = (self.head / shape.heads, self.head % shape.heads);
        for i in 0..self.count {
            let row = n * shape.q_len + self.first + i;
            let column = h * shape.v_dim + self.column;
            let writes = job.out.factors();
            let out = job.out.data().wrapping_add(row * job.out.ld() + writes.floats(column));
            let total = self.total[i];
            let seen = self.max[i] != f32::NEG_INFINITY;
            let factor = s.splat(if seen { 1.0 / total } else { 0.0 });
            let sums = self.sums_of(i);
            if PAIRS && writes == Factors::Bf16 {
                for at in (0..self.columns).step_by(2 * S::LANES) {
                    let left = self.columns - at;
                    // SAFETY: the output was checked for the columns of the head, a row of sums has all of them.
                    unsafe {
                        let low = load_up_to(s, sums.add(at), left);
                        let next = sums.wrapping_add(at + S::LANES);
                        let high = load_up_to(s, next, left.saturating_sub(S::LANES));
                        let [low, high] = [s.mul(low, factor), s.mul(high, factor)];
                        store_pairs_up_to(s, low, high, out.add(at / 2), left);
                    }
                }
                continue;
            }
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

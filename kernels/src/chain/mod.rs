//! A resize and convolutions one after another, band by band: what lies between them has no memory but what a thread keeps in
//! its second-level cache.
//!
//! A thread goes through a band of the output from end to end: it resizes the lines that the first convolution needs for it,
//! then computes what the next one needs, and so on. Lines beside a band are computed for both its neighbours.

mod bands;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::conv::{PackedConv, conv2d, conv2d_scratch_len};
use crate::gemm::Epilogue;
use crate::resize::{self, ResizePlan};
use crate::split::{Base, by_workers};
use crate::{Context, Factors, Image, ImageMut, Pool, Rows, RowsMut};
use bands::{Band, Map};

/// Convolutions that a chain has at most.
pub const MAX_LINKS: usize = 4;

/// A convolution of a chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// Weights, packed for no zeros above and below.
    pub weight: Arc<PackedConv>,
    /// Lines of zeros above and below the input.
    pub pad: [usize; 2],
    /// Floats from pixel to pixel of the input.
    pub ld: usize,
    /// What they are.
    pub factors: Factors,
}

/// A resize and convolutions of its result.
#[derive(Debug)]
pub struct Chain {
    resize: ResizePlan,
    channels: usize,
    links: Vec<Link>,
    /// What the links read.
    maps: Vec<Map>,
    /// Height, width and channels of the output.
    out: [usize; 3],
    /// Lines of the output in a band.
    lines: usize,
    room: Room,
    /// What a band runs on.
    alone: Pool,
}

/// Floats of a thread's scratch: for a line that is resized, for what the links with even and odd numbers read, and for what
/// they need themselves.
#[derive(Clone, Copy, Debug, Default)]
struct Room {
    line: usize,
    maps: [usize; 2],
    conv: usize,
}

impl Chain {
    /// Of pictures with `channels`, with one to [`MAX_LINKS`] convolutions without groups.
    ///
    /// # Panics
    /// When channels or sizes of neighbours do not fit, or there are no or too many links.
    pub fn new(resize: ResizePlan, channels: usize, links: Vec<Link>) -> Chain {
        assert!((1..=MAX_LINKS).contains(&links.len()), "{} links", links.len());
        let (mut size, mut c, mut maps) = (resize.out_size(), channels, Vec::new());
        for link in &links {
            assert_eq!(c, link.weight.inputs(), "channels of {:?}", link.weight);
            let map = Map::of(link, size);
            (size, c) = (map.output_size(&link.weight), link.weight.outputs());
            maps.push(map);
        }
        assert!(size[0] * size[1] > 0, "kernels do not fit");
        let lines = bands::lines(&maps, size[0]);
        let out = [size[0], size[1], c];
        let (room, alone) = (Room::default(), Pool::new(1));
        let chain = Chain { resize, channels, links, maps, out, lines, room, alone };
        Chain { room: chain.room(), ..chain }
    }

    /// What bands need: all but the last of a picture have as many lines.
    fn room(&self) -> Room {
        let [height, ..] = self.out;
        let line = self.resize.row_len(self.channels).next_multiple_of(LINE);
        let mut room = Room { line, ..Room::default() };
        for lines in [self.lines, height % self.lines] {
            let band = Band::new(&self.maps, 0, lines);
            for (index, (map, link)) in self.maps.iter().zip(&self.links).enumerate() {
                let ([_, lines], even_or_odd) = (band.of(index), &mut room.maps[index % 2]);
                let shape = [1, lines as usize, map.width, link.weight.inputs()];
                let conv = conv2d_scratch_len(&link.weight, shape, 1);
                *even_or_odd =
                    (*even_or_odd).max(map.floats(lines as usize).next_multiple_of(LINE));
                room.conv = room.conv.max(conv.next_multiple_of(LINE));
            }
        }
        room
    }

    /// Extents of the output for `n` pictures, `[n, h, w, c]`.
    pub fn output_shape(&self, n: usize) -> [usize; 4] {
        let [h, w, c] = self.out;
        [n, h, w, c]
    }

    /// Floats of scratch that a run needs on `threads` threads.
    pub fn scratch_len(&self, threads: usize) -> usize {
        threads * self.room.all()
    }

    /// `y = conv(.. conv(resize(x)))`, with an epilogue without residual for each convolution. The output may hold bf16.
    ///
    /// # Panics
    /// When extents, the number of epilogues or the scratch do not fit.
    pub fn run(
        &self,
        ctx: Context,
        x: Image,
        epilogues: &[Epilogue],
        out: ImageMut,
        scratch: &mut [f32],
    ) {
        x.check();
        out.check_numbers();
        assert_eq!(out.shape(), self.output_shape(x.n), "extents of the output");
        assert_eq!(([x.h, x.w], x.c), (self.resize.in_size(), self.channels), "the input");
        assert_eq!(epilogues.len(), self.links.len(), "epilogues");
        assert!(epilogues.iter().all(|epilogue| epilogue.residual.is_none()), "a residual");
        assert!(scratch.len() >= self.scratch_len(ctx.pool.threads()), "scratch of a chain");
        let (base, room) = (Base(scratch.as_mut_ptr()), self.room.all());
        let [height, width, _] = self.out;
        let count = height.div_ceil(self.lines);
        by_workers(ctx.pool, x.n * count, |worker, bands| {
            // SAFETY: the scratch was checked to hold `room` floats for each worker.
            let scratch = unsafe { base.slice(worker * room, room) };
            for band in bands {
                let (picture, first) = (band / count, band % count * self.lines);
                let lines = self.lines.min(height - first);
                // SAFETY: bands have lines of their own.
                let pixels =
                    unsafe { out.pixels.part((picture * height + first) * width, lines * width) };
                let band = Band::new(&self.maps, first, lines);
                let ctx = Context { pool: &self.alone, ..ctx };
                let job = Job { chain: self, ctx, epilogues, band };
                job.run((x, picture), pixels, scratch);
            }
        });
    }
}

impl Room {
    fn all(&self) -> usize {
        self.line + self.maps[0] + self.maps[1] + self.conv
    }

    fn divide<'a>(
        &self,
        scratch: &'a mut [f32],
    ) -> (&'a mut [f32], [&'a mut [f32]; 2], &'a mut [f32]) {
        let (line, scratch) = scratch.split_at_mut(self.line);
        let (even, scratch) = scratch.split_at_mut(self.maps[0]);
        let (odd, conv) = scratch.split_at_mut(self.maps[1]);
        (line, [even, odd], conv)
    }
}

/// Floats of a cache line.
const LINE: usize = 16;

/// A band on one thread.
struct Job<'a> {
    chain: &'a Chain,
    ctx: Context<'a>,
    epilogues: &'a [Epilogue<'a>],
    band: Band,
}

impl Job<'_> {
    fn run(self, (x, picture): (Image, usize), out: RowsMut, scratch: &mut [f32]) {
        let Chain { links, out: [_, width, channels], .. } = self.chain;
        let (line, [mut from, mut to], conv) = self.chain.room.divide(scratch);
        self.resize((x, picture), from, line);
        let last = links.len() - 1;
        for index in 0..last {
            let next = self.map_mut(index + 1, to);
            self.conv(index, from, next, conv);
            self.clear_outside(index + 1, to);
            std::mem::swap(&mut from, &mut to);
        }
        let shape = [1, out.rows() / width, *width, *channels];
        self.conv(last, from, ImageMut::of_rows(out, shape), conv);
    }

    /// What the first link reads.
    fn resize(&self, (x, picture): (Image, usize), to: &mut [f32], line: &mut [f32]) {
        let (chain, map) = (self.chain, self.chain.maps[0]);
        let [above, inside, _] = self.band.zeros_and_lines(0, map.height);
        let first = (self.band.of(0)[0] + above as isize) as usize;
        let mut image = self.map_mut(0, to);
        let pixels = image.pixels.part_mut(above * map.width, inside * map.width);
        if inside > 0 {
            let first = picture * map.height + first;
            resize::lines(self.ctx.isa, &chain.resize, x, first, pixels, line);
        }
        self.clear_outside(0, to);
    }

    fn conv(&self, index: usize, from: &[f32], out: ImageMut, scratch: &mut [f32]) {
        let (link, map) = (&self.chain.links[index], self.chain.maps[index]);
        let lines = self.band.of(index)[1] as usize;
        let (rows, c) = (lines * map.width, link.weight.inputs());
        let pixels = Rows::new(from, [rows, map.columns], map.ld).holding(map.factors);
        let input = Image::of_rows(pixels, [1, lines, map.width, c]);
        conv2d(self.ctx, input, &link.weight, self.epilogues[index], out, scratch);
    }

    /// What link `index` reads, to be written.
    fn map_mut<'a>(&self, index: usize, floats: &'a mut [f32]) -> ImageMut<'a> {
        let (map, c) = (self.chain.maps[index], self.chain.links[index].weight.inputs());
        let lines = self.band.of(index)[1] as usize;
        let pixels = RowsMut::new(floats, [lines * map.width, map.columns], map.ld);
        ImageMut::of_rows(pixels.holding(map.factors), [1, lines, map.width, c])
    }

    /// Lines that are above or below the picture are zeros.
    fn clear_outside(&self, index: usize, floats: &mut [f32]) {
        let map = self.chain.maps[index];
        let [above, inside, below] = self.band.zeros_and_lines(index, map.height);
        floats[..map.floats(above)].fill(0.0);
        floats[map.floats(above + inside)..map.floats(above + inside + below)].fill(0.0);
    }
}

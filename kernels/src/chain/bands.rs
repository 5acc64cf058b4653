//! Which lines of each map a band of the output needs.

use super::{Link, MAX_LINKS};
use crate::Factors;
use crate::conv::{Conv2d, PackedConv};

/// Bytes that the maps of a band may take of the second-level cache.
///
/// Tests cut small maps too.
const BAND_BYTES: usize = if cfg!(test) { 4 << 10 } else { 1 << 20 };
/// Lines of a band are a multiple of these, which are the sides of Winograd's squares.
const SIDE: usize = 4;

/// What a link reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Map {
    pub(super) height: usize,
    pub(super) width: usize,
    /// Floats of a pixel, and from one to the next.
    pub(super) columns: usize,
    pub(super) ld: usize,
    pub(super) factors: Factors,
    pad: [usize; 2],
    /// Lines from one line of the output to the next, and of a window but the first.
    stride: usize,
    reach: usize,
}

impl Map {
    /// What `link` reads, of this height and width.
    pub(super) fn of(link: &Link, [height, width]: [usize; 2]) -> Map {
        let Link { weight, pad, ld, factors } = link;
        let Conv2d { stride, pad: packed, dilation, groups } = *weight.spec();
        assert!(groups == 1 && packed[0] == 0 && packed[2] == 0, "{weight:?} in a chain");
        let (columns, reach) =
            (factors.floats(weight.inputs()), dilation[0] * (weight.kernel()[0] - 1));
        let (factors, ld, pad, stride) = (*factors, *ld, *pad, stride[0]);
        assert!(ld >= columns, "pixels {ld} apart");
        Map { height, width, columns, ld, factors, pad, stride, reach }
    }

    pub(super) fn output_size(&self, weight: &PackedConv) -> [usize; 2] {
        let height = self.height + self.pad[0] + self.pad[1];
        weight.spec().output_size([height, self.width], weight.kernel())
    }

    /// Floats of `lines` lines.
    pub(super) fn floats(&self, lines: usize) -> usize {
        lines * self.width * self.ld
    }
}

/// The lines of each map that a band needs: the first, which may be above the map, and how many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band([[isize; 2]; MAX_LINKS]);

impl Band {
    /// For `lines` lines of the output from `first` on.
    pub(super) fn new(maps: &[Map], first: usize, lines: usize) -> Band {
        let (mut all, mut next) = ([[0; 2]; MAX_LINKS], [first as isize, lines as isize]);
        for (lines, map) in all[..maps.len()].iter_mut().zip(maps).rev() {
            let ([first, count], stride) = (next, map.stride as isize);
            let needed = (count - 1).max(0) * stride + map.reach as isize + 1;
            next = [first * stride - map.pad[0] as isize, needed];
            *lines = next;
        }
        Band(all)
    }

    /// The first line that is read by link `index`, and how many are.
    pub(super) fn of(&self, index: usize) -> [isize; 2] {
        self.0[index]
    }

    /// How many of them are above a map of this height, in it, and below.
    pub(super) fn zeros_and_lines(&self, index: usize, height: usize) -> [usize; 3] {
        let ([first, count], height) = (self.of(index), height as isize);
        let (start, end) = (first.clamp(0, height), (first + count).clamp(0, height));
        let above = (-first).clamp(0, count);
        let inside = end - start;
        [above, inside, count - above - inside].map(|lines| lines as usize)
    }
}

/// Lines of the output in a band: as many as fit.
pub(super) fn lines(maps: &[Map], height: usize) -> usize {
    let bytes = |lines: usize| {
        let band = Band::new(maps, 0, lines);
        let floats = maps.iter().enumerate().map(|(i, map)| map.floats(band.of(i)[1] as usize));
        floats.sum::<usize>() * size_of::<f32>()
    };
    let all = height.next_multiple_of(SIDE);
    let fit = (SIDE..all).step_by(SIDE).take_while(|&lines| bytes(lines) <= BAND_BYTES);
    fit.last().unwrap_or(SIDE).min(height)
}

//! From a component's samples to one sample a pixel, as libjpeg's "fancy" upsampling does it:
//! at half resolution three parts of the nearer sample and one of the farther.

use super::frame::{Component, Frame};
use super::plane::Plane;

/// How the samples of a component become those of a pixel row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// There is one a pixel.
    Copy,
    /// Triangle filter across.
    Across,
    /// Triangle filter down.
    Down,
    /// Triangle filter down, then across.
    Both,
    /// Each sample stands for so many pixels across and down.
    Repeat(usize, usize),
}

/// A component that gives pixel rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upsampler<'a> {
    plane: &'a Plane,
    width: usize,
    height: usize,
    method: Method,
}

/// Rows at work, kept from one pixel row to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Sums of two rows, with the first and the last repeated beyond the ends.
    sums: Vec<u16>,
    pixels: Vec<u8>,
}

impl<'a> Upsampler<'a> {
    pub(super) fn new(frame: &Frame, component: &Component, plane: &'a Plane) -> Self {
        let wide = component.width > 2;
        let method = match (frame.h / component.h, frame.v / component.v) {
            (1, 1) => Method::Copy,
            (2, 1) if wide => Method::Across,
            (1, 2) => Method::Down,
            (2, 2) if wide => Method::Both,
            (h, v) => Method::Repeat(h, v),
        };
        Self { plane, width: component.width, height: component.height, method }
    }

    /// The samples of pixel row `y`, as many as the picture is wide or more.
    pub(super) fn row<'s>(&'s self, y: usize, scratch: &'s mut Scratch) -> &'s [u8] {
        let Scratch { sums, pixels } = scratch;
        match self.method {
            Method::Copy => return self.samples(y),
            Method::Across => {
                fill_ends(sums, self.samples(y).iter().map(|&v| u16::from(v)));
                across::<1, 2, 2>(sums, pixels);
            }
            Method::Down => {
                let (near, far) = self.nearest(y);
                let bias = 1 + (y % 2) as u16;
                pixels.clear();
                let sums = near.iter().zip(far).map(|(&near, &far)| weighted(near, far));
                pixels.extend(sums.map(|sum| ((sum + bias) >> 2) as u8));
            }
            Method::Both => {
                let (near, far) = self.nearest(y);
                fill_ends(sums, near.iter().zip(far).map(|(&near, &far)| weighted(near, far)));
                across::<8, 7, 4>(sums, pixels);
            }
            Method::Repeat(h, v) => {
                let samples = self.samples(y / v);
                pixels.resize(samples.len() * h, 0);
                for (pixels, &sample) in pixels.chunks_exact_mut(h).zip(samples) {
                    pixels.fill(sample);
                }
            }
        }
        pixels
    }

    fn samples(&self, row: usize) -> &[u8] {
        self.plane.row(row, self.width)
    }

    /// The samples of the nearer and of the farther row, at twice the rows.
    fn nearest(&self, y: usize) -> (&[u8], &[u8]) {
        let near = y / 2;
        let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { near + 1 };
        (self.samples(near), self.samples(far.min(self.height - 1)))
    }
}

#[inline]
fn weighted(near: u8, far: u8) -> u16 {
    3 * u16::from(near) + u16::from(far)
}

fn fill_ends(sums: &mut Vec<u16>, values: impl ExactSizeIterator<Item = u16>) {
    let width = values.len();
    sums.resize(width + 2, 0);
    sums[1..=width].iter_mut().zip(values).for_each(|(sum, value)| *sum = value);
    sums[0] = sums[1];
    sums[width + 1] = sums[width];
}

/// Two pixels of each sum but the first and the last: the left one is biased by `LEFT`, the
/// right one by `RIGHT`, before `SHIFT` bits are dropped.
fn across<const LEFT: u16, const RIGHT: u16, const SHIFT: u32>(sums: &[u16], pixels: &mut Vec<u8>) {
    let width = sums.len() - 2;
    pixels.resize(width * 2, 0);
    let (before, here, after) = (&sums[..width], &sums[1..=width], &sums[2..]);
    let pairs = pixels.as_chunks_mut::<2>().0;
    for (((pair, &before), &here), &after) in pairs.iter_mut().zip(before).zip(here).zip(after) {
        *pair = [
            ((3 * here + before + LEFT) >> SHIFT) as u8,
            ((3 * here + after + RIGHT) >> SHIFT) as u8,
        ];
    }
}

//! From a coordinate to pixels.

use super::GridSample;

/// What is outside of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Zero
    Zeros,
    /// The nearest pixel
    Border,
    /// The picture in a mirror
    Reflection,
}

/// One axis of a picture.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    size: usize,
    padding: Padding,
    align_corners: bool,
}

impl Axis {
    pub(super) fn new(options: GridSample, size: usize) -> Axis {
        Axis { size, padding: options.padding, align_corners: options.align_corners }
    }

    /// A coordinate in `-1..1` as a position in pixels, moved into the picture unless the padding is zero.
    #[inline(always)]
    pub(super) fn pixel(&self, coordinate: f32) -> f32 {
        let size = self.size as f32;
        let position = if self.align_corners {
            (coordinate + 1.0) * 0.5 * (size - 1.0)
        } else {
            ((coordinate + 1.0) * size - 1.0) / 2.0
        };
        match self.padding {
            Padding::Zeros => position,
            Padding::Border => self.inside(position),
            Padding::Reflection if self.align_corners => {
                self.inside(reflect(position, 0.0, size - 1.0))
            }
            Padding::Reflection => self.inside(reflect(position, -0.5, size)),
        }
    }

    /// Up to two pixels and their weights; no pixel where the position is outside.
    #[inline(always)]
    pub(super) fn taps(&self, position: f32, nearest: bool) -> [(Option<usize>, f32); 2] {
        if nearest {
            return [(self.index(position.round_ties_even()), 1.0), (None, 0.0)];
        }
        let low = position.floor();
        let weight = position - low;
        [(self.index(low), 1.0 - weight), (self.index(low + 1.0), weight)]
    }

    /// Not-a-number goes to the first pixel.
    #[inline(always)]
    fn inside(&self, position: f32) -> f32 {
        0f32.max(position).min((self.size - 1) as f32)
    }

    #[inline(always)]
    fn index(&self, at: f32) -> Option<usize> {
        (at >= 0.0 && at < self.size as f32).then_some(at as usize)
    }
}

/// `x` mirrored at `low` and `low + span` until it is between them.
#[inline(always)]
fn reflect(x: f32, low: f32, span: f32) -> f32 {
    if span <= 0.0 {
        return 0.0;
    }
    let distance = (x - low).abs();
    let over = distance % span;
    let flips = (distance / span).floor();
    if flips % 2.0 == 0.0 { over + low } else { span - over + low }
}

//! Pictures of floats, channels last.

use crate::rows::{Rows, RowsMut};

/// Extents of a batch of pictures `[n, h, w, c]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageShape {
    /// Pictures.
    pub n: usize,
    /// Rows of pixels.
    pub h: usize,
    /// Pixels in a row.
    pub w: usize,
    /// Channels.
    pub c: usize,
}

impl ImageShape {
    /// Pixels of all pictures.
    pub fn pixels(&self) -> usize {
        self.n * self.h * self.w
    }
}

/// A batch of pictures `[n, h, w, c]`; each pixel is `ld` floats after the one before.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// The first pixel and all that follows.
    pub data: &'a [f32],
    /// The extents.
    pub shape: ImageShape,
    /// Floats from a pixel to the next, at least `c`.
    pub ld: usize,
}

/// [`Image`] to write to. What lies between the pixels is not touched.
#[derive(Debug)]
pub struct ImageMut<'a> {
    /// The first pixel and all that follows.
    pub data: &'a mut [f32],
    /// The extents.
    pub shape: ImageShape,
    /// Floats from a pixel to the next, at least `c`.
    pub ld: usize,
}

impl<'a> Image<'a> {
    /// Pictures without gaps between pixels.
    pub fn dense(data: &'a [f32], [n, h, w, c]: [usize; 4]) -> Image<'a> {
        Image { data, shape: ImageShape { n, h, w, c }, ld: c }
    }

    /// The pixels as rows.
    pub fn pixels(&self) -> Rows<'a> {
        Rows { data: self.data, width: self.shape.c, ld: self.ld }
    }

    /// Picture `i` alone.
    pub(crate) fn picture(&self, i: usize) -> &'a [f32] {
        &self.data[i * self.shape.h * self.shape.w * self.ld..]
    }

    /// Panics when the slice does not hold the pixels.
    pub(crate) fn check(&self) {
        check(self.data.len(), self.shape, self.ld);
    }
}

impl<'a> ImageMut<'a> {
    /// Pictures without gaps between pixels.
    pub fn dense(data: &'a mut [f32], [n, h, w, c]: [usize; 4]) -> ImageMut<'a> {
        ImageMut { data, shape: ImageShape { n, h, w, c }, ld: c }
    }

    /// The pixels as rows.
    pub fn pixels(self) -> RowsMut<'a> {
        RowsMut { data: self.data, width: self.shape.c, ld: self.ld }
    }

    /// Panics when the slice does not hold the pixels; cuts off what is behind the last one.
    pub(crate) fn checked(self) -> ImageMut<'a> {
        let len = check(self.data.len(), self.shape, self.ld);
        ImageMut { data: &mut self.data[..len], ..self }
    }
}

/// Floats up to the end of the last pixel.
fn check(len: usize, shape: ImageShape, ld: usize) -> usize {
    assert!(ld >= shape.c, "pixels of {} floats overlap at a distance of {ld}", shape.c);
    let needed = match shape.pixels() {
        0 => 0,
        pixels => (pixels - 1) * ld + shape.c,
    };
    assert!(len >= needed, "{shape:?} with ld {ld} needs {needed} floats, not {len}");
    needed
}

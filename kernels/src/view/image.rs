//! Channels-last images, to read and to write.

use super::{Rows, RowsMut};

/// A batch of channels-last images `[n, h, w, c]` to read; pixels are rows.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    /// The pixels, `n * h * w` of them.
    pub pixels: Rows<'a>,
    /// Images.
    pub n: usize,
    /// Height in pixels.
    pub h: usize,
    /// Width in pixels.
    pub w: usize,
    /// Channels.
    pub c: usize,
}

/// A batch of channels-last images `[n, h, w, c]` to write; pixels are rows.
#[derive(Debug)]
pub struct ImageMut<'a> {
    /// The pixels, `n * h * w` of them.
    pub pixels: RowsMut<'a>,
    /// Images.
    pub n: usize,
    /// Height in pixels.
    pub h: usize,
    /// Width in pixels.
    pub w: usize,
    /// Channels.
    pub c: usize,
}

impl<'a> Image<'a> {
    /// Images `[n, h, w, c]` in `data`, `ld >= c` floats from pixel to pixel.
    ///
    /// # Panics
    /// When `data` does not hold them.
    #[track_caller]
    pub fn new(data: &'a [f32], [n, h, w, c]: [usize; 4], ld: usize) -> Image<'a> {
        Image { pixels: Rows::new(data, [n * h * w, c], ld), n, h, w, c }
    }

    /// Images `[n, h, w, c]` without gaps between pixels.
    ///
    /// # Panics
    /// When `data` does not hold them.
    #[track_caller]
    pub fn dense(data: &'a [f32], shape: [usize; 4]) -> Image<'a> {
        Image::new(data, shape, shape[3])
    }

    /// Images `[n, h, w, c]` whose pixels are `pixels`.
    pub fn of_rows(pixels: Rows<'a>, [n, h, w, c]: [usize; 4]) -> Image<'a> {
        Image { pixels, n, h, w, c }
    }

    /// The extents `[n, h, w, c]`.
    pub fn shape(&self) -> [usize; 4] {
        [self.n, self.h, self.w, self.c]
    }

    /// The pixels of image `i`.
    #[track_caller]
    pub(crate) fn picture(&self, i: usize) -> Rows<'a> {
        self.pixels.part(i * self.h * self.w, self.h * self.w)
    }

    #[track_caller]
    pub(crate) fn check(&self) {
        assert_eq!(self.pixels.extents(), [self.n * self.h * self.w, self.c], "pixels of an image");
    }

    /// The same where pixels may hold bf16.
    #[track_caller]
    pub(crate) fn check_numbers(&self) {
        assert_eq!(self.pixels.numbers(), [self.n * self.h * self.w, self.c], "pixels of an image");
    }
}

impl<'a> ImageMut<'a> {
    /// Images `[n, h, w, c]` in `data`, `ld >= c` floats from pixel to pixel.
    ///
    /// # Panics
    /// When `data` does not hold them, or pixels overlap.
    #[track_caller]
    pub fn new(data: &'a mut [f32], [n, h, w, c]: [usize; 4], ld: usize) -> ImageMut<'a> {
        ImageMut { pixels: RowsMut::new(data, [n * h * w, c], ld), n, h, w, c }
    }

    /// Images `[n, h, w, c]` without gaps between pixels.
    ///
    /// # Panics
    /// When `data` does not hold them.
    #[track_caller]
    pub fn dense(data: &'a mut [f32], shape: [usize; 4]) -> ImageMut<'a> {
        ImageMut::new(data, shape, shape[3])
    }

    /// Images `[n, h, w, c]` whose pixels are `pixels`.
    pub fn of_rows(pixels: RowsMut<'a>, [n, h, w, c]: [usize; 4]) -> ImageMut<'a> {
        ImageMut { pixels, n, h, w, c }
    }

    /// The extents `[n, h, w, c]`.
    pub fn shape(&self) -> [usize; 4] {
        [self.n, self.h, self.w, self.c]
    }

    #[track_caller]
    pub(crate) fn check(&self) {
        assert_eq!(self.pixels.extents(), [self.n * self.h * self.w, self.c], "pixels of an image");
    }

    /// The same where pixels may hold bf16.
    #[track_caller]
    pub(crate) fn check_numbers(&self) {
        assert_eq!(self.pixels.numbers(), [self.n * self.h * self.w, self.c], "pixels of an image");
    }
}

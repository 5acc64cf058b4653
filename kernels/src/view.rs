//! Where activations lie: rows and channels-last images, with a distance between rows that may exceed their width.

use std::marker::PhantomData;

/// `rows` rows of floats to read, `ld` floats from the start of one to the start of the next.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    ptr: *const f32,
    len: usize,
    count: usize,
    ld: usize,
    memory: PhantomData<&'a [f32]>,
}

/// `rows` rows of floats to write, `ld` floats from the start of one to the start of the next.
#[derive(Debug)]
pub struct RowsMut<'a> {
    ptr: *mut f32,
    len: usize,
    count: usize,
    ld: usize,
    memory: PhantomData<&'a mut [f32]>,
}

// SAFETY: a view is as good as the shared slice that it stands for.
unsafe impl Send for Rows<'_> {}
// SAFETY: as above.
unsafe impl Sync for Rows<'_> {}
// SAFETY: a view is as good as the exclusive slice that it stands for.
unsafe impl Send for RowsMut<'_> {}
// SAFETY: a shared reference to it gives no access to the memory.
unsafe impl Sync for RowsMut<'_> {}

impl<'a> Rows<'a> {
    /// Rows in `data`, the first at its beginning.
    pub fn new(data: &'a [f32], rows: usize, ld: usize) -> Rows<'a> {
        Rows { ptr: data.as_ptr(), len: data.len(), count: rows, ld, memory: PhantomData }
    }

    /// Rows in `len` floats at `ptr`, of which others may write those that lie between the rows.
    ///
    /// # Safety
    /// Until the view is gone, the floats of each row that a kernel is told to read are valid and nobody writes them.
    pub unsafe fn from_ptr(ptr: *const f32, len: usize, rows: usize, ld: usize) -> Rows<'a> {
        Rows { ptr, len, count: rows, ld, memory: PhantomData }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.count
    }

    /// Floats from one row to the next.
    pub fn ld(&self) -> usize {
        self.ld
    }

    pub(crate) fn ptr(&self) -> *const f32 {
        self.ptr
    }

    /// The same rows from column `first` on.
    pub(crate) fn skip_columns(&self, first: usize) -> Rows<'a> {
        let first = first.min(self.len);
        Rows { ptr: self.ptr.wrapping_add(first), len: self.len - first, ..*self }
    }

    /// The same rows from row `first` on.
    pub(crate) fn skip_rows(&self, first: usize) -> Rows<'a> {
        let floats = (first * self.ld).min(self.len);
        let (ptr, count) = (self.ptr.wrapping_add(floats), self.count.saturating_sub(first));
        Rows { ptr, len: self.len - floats, count, ..*self }
    }

    /// Checks that `width` floats follow the first.
    #[track_caller]
    pub(crate) fn check_row(&self, width: usize) {
        assert!(width <= self.len, "{self:?} holds no {width} floats");
    }

    /// Checks that `width` floats of each row are there, for `batch` matrices `stride` apart.
    #[track_caller]
    pub(crate) fn check_batch(&self, width: usize, batch: usize, stride: usize) {
        let last = batch.saturating_sub(1) * stride;
        let rest = self.len.checked_sub(last);
        assert!(
            rest.is_some_and(|len| fits(len, self.count, self.ld, width)),
            "{self:?} holds no {batch} matrices of {width} columns, {stride} apart"
        );
    }

    /// Checks that `width` floats of each row are there.
    #[track_caller]
    pub(crate) fn check(&self, width: usize) {
        assert!(fits(self.len, self.count, self.ld, width), "{self:?} holds no rows of {width}");
    }
}

impl<'a> RowsMut<'a> {
    /// Rows in `data`, the first at its beginning.
    pub fn new(data: &'a mut [f32], rows: usize, ld: usize) -> RowsMut<'a> {
        RowsMut { ptr: data.as_mut_ptr(), len: data.len(), count: rows, ld, memory: PhantomData }
    }

    /// Rows in `len` floats at `ptr`, of which others may use those that lie between the rows.
    ///
    /// # Safety
    /// Until the view is gone, the floats of each row that a kernel is told to write are valid and nobody else uses them.
    pub unsafe fn from_ptr(ptr: *mut f32, len: usize, rows: usize, ld: usize) -> RowsMut<'a> {
        RowsMut { ptr, len, count: rows, ld, memory: PhantomData }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.count
    }

    /// Floats from one row to the next.
    pub fn ld(&self) -> usize {
        self.ld
    }

    pub(crate) fn ptr(&self) -> *mut f32 {
        self.ptr
    }

    /// Checks that `width` floats follow the first.
    #[track_caller]
    pub(crate) fn check_row(&self, width: usize) {
        assert!(width <= self.len, "{self:?} holds no {width} floats");
    }

    /// Checks that `width` floats of each row are there, for `batch` matrices `stride` apart.
    #[track_caller]
    pub(crate) fn check_batch(&self, width: usize, batch: usize, stride: usize) {
        self.check(width);
        let last = batch.saturating_sub(1) * stride;
        let rest = self.len.checked_sub(last);
        assert!(
            rest.is_some_and(|len| fits(len, self.count, self.ld, width)),
            "{self:?} holds no {batch} matrices of {width} columns, {stride} apart"
        );
        assert!(batch <= 1 || stride >= width, "{self:?}: matrices {stride} apart overlap");
    }

    /// Checks that `width` floats of each row are there and that rows do not overlap.
    #[track_caller]
    pub(crate) fn check(&self, width: usize) {
        assert!(fits(self.len, self.count, self.ld, width), "{self:?} holds no rows of {width}");
        assert!(self.count <= 1 || self.ld >= width, "{self:?}: rows of {width} overlap");
    }
}

fn fits(len: usize, rows: usize, ld: usize, width: usize) -> bool {
    rows == 0 || (rows - 1).checked_mul(ld).and_then(|x| x.checked_add(width)) <= Some(len)
}

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
    pub fn new(data: &'a [f32], [n, h, w, c]: [usize; 4], ld: usize) -> Image<'a> {
        Image { pixels: Rows::new(data, n * h * w, ld), n, h, w, c }
    }

    /// Images `[n, h, w, c]` whose pixels are `pixels`.
    pub fn of_rows(pixels: Rows<'a>, [n, h, w, c]: [usize; 4]) -> Image<'a> {
        Image { pixels, n, h, w, c }
    }

    #[track_caller]
    pub(crate) fn check(&self) {
        assert_eq!(self.pixels.rows(), self.n * self.h * self.w, "pixels of an image");
        self.pixels.check(self.c);
    }
}

impl<'a> ImageMut<'a> {
    /// Images `[n, h, w, c]` in `data`, `ld >= c` floats from pixel to pixel.
    pub fn new(data: &'a mut [f32], [n, h, w, c]: [usize; 4], ld: usize) -> ImageMut<'a> {
        ImageMut { pixels: RowsMut::new(data, n * h * w, ld), n, h, w, c }
    }

    /// Images `[n, h, w, c]` whose pixels are `pixels`.
    pub fn of_rows(pixels: RowsMut<'a>, [n, h, w, c]: [usize; 4]) -> ImageMut<'a> {
        ImageMut { pixels, n, h, w, c }
    }

    #[track_caller]
    pub(crate) fn check(&self) {
        assert_eq!(self.pixels.rows(), self.n * self.h * self.w, "pixels of an image");
        self.pixels.check(self.c);
    }
}

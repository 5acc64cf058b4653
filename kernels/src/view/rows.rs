//! Rows of floats, to read and to write.

use std::marker::PhantomData;

use super::grid::Grid;
use crate::Factors;

/// Rows of floats to read.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    ptr: *const f32,
    grid: Grid,
    factors: Factors,
    memory: PhantomData<&'a [f32]>,
}

/// Rows of floats to write. What lies between them is not touched.
#[derive(Debug)]
pub struct RowsMut<'a> {
    ptr: *mut f32,
    grid: Grid,
    factors: Factors,
    memory: PhantomData<&'a mut [f32]>,
}

// SAFETY: a view is as good as the shared slices that it stands for.
unsafe impl Send for Rows<'_> {}
// SAFETY: as above.
unsafe impl Sync for Rows<'_> {}
// SAFETY: a view is as good as the exclusive slices that it stands for.
unsafe impl Send for RowsMut<'_> {}
// SAFETY: a shared reference to it gives no access to the memory.
unsafe impl Sync for RowsMut<'_> {}

impl<'a> Rows<'a> {
    /// Rows of `width` floats in `data`, the first at its beginning, `ld` floats from the start of one to the start of the
    /// next; the last one may end the slice.
    ///
    /// # Panics
    /// When `data` does not hold them.
    #[track_caller]
    pub fn new(data: &'a [f32], [rows, width]: [usize; 2], ld: usize) -> Rows<'a> {
        let grid = Grid { len: data.len(), rows, width, ld }.checked();
        Rows { ptr: data.as_ptr(), grid, factors: Factors::F32, memory: PhantomData }
    }

    /// All of `data` as rows of `width` floats without gaps.
    ///
    /// # Panics
    /// When `data` is not a whole number of rows.
    #[track_caller]
    pub fn dense(data: &'a [f32], width: usize) -> Rows<'a> {
        let grid = Grid::dense(data.len(), width);
        Rows { ptr: data.as_ptr(), grid, factors: Factors::F32, memory: PhantomData }
    }

    /// Rows in `len` floats at `ptr`, of which others may write those that lie between the rows.
    ///
    /// # Panics
    /// When there are not enough floats for the rows.
    ///
    /// # Safety
    /// The `len` floats lie in one allocation. Until the view is gone, the floats of its rows, and whatever else of them a
    /// kernel is told to read, are valid and nobody writes them.
    #[track_caller]
    pub unsafe fn from_ptr(
        ptr: *const f32,
        len: usize,
        [rows, width]: [usize; 2],
        ld: usize,
    ) -> Rows<'a> {
        let grid = Grid { len, rows, width, ld }.checked();
        Rows { ptr, grid, factors: Factors::F32, memory: PhantomData }
    }

    /// The same rows, whose floats are what `factors` takes: pairs of numbers in bf16, the first in the lower half, or a
    /// number each.
    #[must_use]
    pub fn holding(self, factors: Factors) -> Self {
        Self { factors, ..self }
    }

    /// What its numbers are rounded to.
    pub fn factors(&self) -> Factors {
        self.factors
    }

    /// Number of rows, and numbers in a row: twice its floats where those are pairs.
    pub fn numbers(&self) -> [usize; 2] {
        [self.grid.rows, self.factors.numbers(self.grid.width)]
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.grid.rows
    }

    /// Floats in a row.
    pub fn width(&self) -> usize {
        self.grid.width
    }

    /// Number of rows, and floats in a row.
    pub fn extents(&self) -> [usize; 2] {
        [self.grid.rows, self.grid.width]
    }

    /// Floats from one row to the next.
    pub fn ld(&self) -> usize {
        self.grid.ld
    }

    /// Row `i`.
    ///
    /// # Panics
    /// When there is none.
    #[inline(always)]
    #[track_caller]
    pub fn row(&self, i: usize) -> &'a [f32] {
        let start = self.ptr.wrapping_add(self.grid.start(i));
        // SAFETY: the row exists, its floats are there, and nobody writes them while the view lives.
        unsafe { std::slice::from_raw_parts(start, self.grid.width) }
    }

    /// The first float of rows whose floats are numbers.
    #[track_caller]
    pub(crate) fn ptr(&self) -> *const f32 {
        debug_assert_eq!(self.factors, Factors::F32, "rows of pairs are read as numbers");
        self.ptr
    }

    /// The first float, be it a number or a pair.
    pub(crate) fn data(&self) -> *const f32 {
        self.ptr
    }

    /// `count` rows from row `first` on.
    #[track_caller]
    pub(crate) fn part(&self, first: usize, count: usize) -> Rows<'a> {
        let (start, grid) = self.grid.part(first, count);
        Rows { ptr: self.ptr.wrapping_add(start), grid, ..*self }
    }

    /// The same rows from column `first` on.
    pub(crate) fn skip_columns(&self, first: usize) -> Rows<'a> {
        let Grid { len, width, .. } = self.grid;
        let first = first.min(width).min(len);
        let grid = Grid { len: len - first, width: width - first, ..self.grid };
        Rows { ptr: self.ptr.wrapping_add(first), grid, ..*self }
    }

    /// Checks that rows have `width` floats.
    #[track_caller]
    pub(crate) fn check(&self, width: usize) {
        self.grid.check_width(width);
    }

    /// Checks that rows hold `count` numbers.
    #[track_caller]
    pub(crate) fn check_numbers(&self, count: usize) {
        assert!(self.numbers()[1] == count, "{self:?} holds no rows of {count}");
    }

    /// Checks that `reach` floats follow the first.
    #[track_caller]
    pub(crate) fn check_reach(&self, reach: usize) {
        self.grid.check_reach(reach);
    }

    /// Checks that rows have `width` floats, in each of `batch` matrices `stride` apart.
    #[track_caller]
    pub(crate) fn check_batch(&self, width: usize, batch: usize, stride: usize) {
        self.grid.check_batch(width, batch, stride);
    }
}

impl<'a> RowsMut<'a> {
    /// Rows of `width` floats in `data`, the first at its beginning, `ld` floats from the start of one to the start of the
    /// next; the last one may end the slice.
    ///
    /// # Panics
    /// When `data` does not hold them, or they overlap.
    #[track_caller]
    pub fn new(data: &'a mut [f32], [rows, width]: [usize; 2], ld: usize) -> RowsMut<'a> {
        let grid = Grid { len: data.len(), rows, width, ld }.checked_apart();
        RowsMut { ptr: data.as_mut_ptr(), grid, factors: Factors::F32, memory: PhantomData }
    }

    /// All of `data` as rows of `width` floats without gaps.
    ///
    /// # Panics
    /// When `data` is not a whole number of rows.
    #[track_caller]
    pub fn dense(data: &'a mut [f32], width: usize) -> RowsMut<'a> {
        let grid = Grid::dense(data.len(), width);
        RowsMut { ptr: data.as_mut_ptr(), grid, factors: Factors::F32, memory: PhantomData }
    }

    /// Rows in `len` floats at `ptr`, of which others may use those that lie between the rows.
    ///
    /// # Panics
    /// When there are not enough floats for the rows, or rows overlap.
    ///
    /// # Safety
    /// The `len` floats lie in one allocation. Until the view is gone, the floats of its rows, and whatever else of them a
    /// kernel is told to write, are valid and nobody else uses them.
    #[track_caller]
    pub unsafe fn from_ptr(
        ptr: *mut f32,
        len: usize,
        [rows, width]: [usize; 2],
        ld: usize,
    ) -> RowsMut<'a> {
        let grid = Grid { len, rows, width, ld }.checked_apart();
        RowsMut { ptr, grid, factors: Factors::F32, memory: PhantomData }
    }

    /// The same rows, whose floats are what `factors` takes: pairs of numbers in bf16, the first in the lower half, or a
    /// number each.
    #[must_use]
    pub fn holding(self, factors: Factors) -> Self {
        Self { factors, ..self }
    }

    /// What its numbers are rounded to.
    pub fn factors(&self) -> Factors {
        self.factors
    }

    /// Number of rows, and numbers in a row: twice its floats where those are pairs.
    pub fn numbers(&self) -> [usize; 2] {
        [self.grid.rows, self.factors.numbers(self.grid.width)]
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.grid.rows
    }

    /// Floats in a row.
    pub fn width(&self) -> usize {
        self.grid.width
    }

    /// Number of rows, and floats in a row.
    pub fn extents(&self) -> [usize; 2] {
        [self.grid.rows, self.grid.width]
    }

    /// Floats from one row to the next.
    pub fn ld(&self) -> usize {
        self.grid.ld
    }

    /// Row `i`.
    ///
    /// # Panics
    /// When there is none.
    #[inline(always)]
    #[track_caller]
    pub fn row_mut(&mut self, i: usize) -> &mut [f32] {
        let start = self.ptr.wrapping_add(self.grid.start(i));
        // SAFETY: the row exists, its floats are there, and the view, which is borrowed exclusively, is alone with them.
        unsafe { std::slice::from_raw_parts_mut(start, self.grid.width) }
    }

    /// The first float of rows whose floats are numbers.
    #[track_caller]
    pub(crate) fn ptr(&self) -> *mut f32 {
        debug_assert_eq!(self.factors, Factors::F32, "rows of pairs are written as numbers");
        self.ptr
    }

    /// The first float, be it a number or a pair.
    pub(crate) fn data(&self) -> *mut f32 {
        self.ptr
    }

    /// `count` rows from row `first` on.
    #[track_caller]
    pub(crate) fn part_mut(&mut self, first: usize, count: usize) -> RowsMut<'_> {
        // SAFETY: this view is borrowed exclusively for as long as the part lives.
        unsafe { self.part(first, count) }
    }

    /// As [`RowsMut::part_mut`], for threads that write parts of one view.
    ///
    /// # Safety
    /// Until the part is gone, nobody uses its rows through this view or another part.
    #[track_caller]
    pub(crate) unsafe fn part(&self, first: usize, count: usize) -> RowsMut<'_> {
        let (start, grid) = self.grid.part(first, count);
        RowsMut { ptr: self.ptr.wrapping_add(start), grid, ..*self }
    }

    /// Checks that rows hold `count` numbers.
    #[track_caller]
    pub(crate) fn check_numbers(&self, count: usize) {
        assert!(self.numbers()[1] == count, "{self:?} holds no rows of {count}");
    }

    /// Checks that `reach` floats follow the first.
    #[track_caller]
    pub(crate) fn check_reach(&self, reach: usize) {
        self.grid.check_reach(reach);
    }

    /// Checks that rows have `width` floats, in each of `batch` matrices `stride` apart, which do not lie over each other.
    #[track_caller]
    pub(crate) fn check_batch(&self, width: usize, batch: usize, stride: usize) {
        self.grid.check_batch(width, batch, stride);
        assert!(batch <= 1 || stride >= width, "{self:?}: matrices {stride} apart overlap");
    }
}

//! The extents of rows in memory.

/// `rows` rows of `width` floats, `ld` floats from the start of one to the start of the next, within `len` floats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) len: usize,
    pub(super) rows: usize,
    pub(super) width: usize,
    pub(super) ld: usize,
}

impl Grid {
    /// Checks that the rows are there.
    #[track_caller]
    pub(super) fn checked(self) -> Grid {
        let Grid { len, rows, width, .. } = self;
        assert!(self.fits(len), "{len} floats hold no {rows} rows of {width}: {self:?}");
        self
    }

    /// Checks that the rows are there and do not overlap.
    #[track_caller]
    pub(super) fn checked_apart(self) -> Grid {
        let overlap = self.rows > 1 && self.ld < self.width;
        assert!(!overlap, "{self:?}: rows of {} overlap", self.width);
        self.checked()
    }

    /// Of adjacent rows.
    #[track_caller]
    pub(super) fn dense(len: usize, width: usize) -> Grid {
        let rows = len.checked_div(width).unwrap_or(0);
        assert!(rows * width == len, "{len} floats are no whole rows of {width}");
        Grid { len, rows, width, ld: width }
    }

    /// Checks that rows have `width` floats.
    #[track_caller]
    pub(super) fn check_width(&self, width: usize) {
        assert!(self.width == width, "{self:?} holds no rows of {width}");
    }

    /// Checks that `reach` floats follow the first.
    #[track_caller]
    pub(super) fn check_reach(&self, reach: usize) {
        assert!(reach <= self.len, "{self:?} holds no {reach} floats");
    }

    /// Checks that there are `batch` such matrices of `width` columns, `stride` apart.
    #[track_caller]
    pub(super) fn check_batch(&self, width: usize, batch: usize, stride: usize) {
        self.check_width(width);
        let last = batch.saturating_sub(1).checked_mul(stride);
        let rest = last.and_then(|last| self.len.checked_sub(last));
        assert!(
            rest.is_some_and(|len| self.fits(len)),
            "{self:?} holds no {batch} matrices of {width} columns, {stride} apart"
        );
    }

    /// Where `count` rows from row `first` on begin, and their extents.
    #[track_caller]
    pub(super) fn part(self, first: usize, count: usize) -> (usize, Grid) {
        let exists = first.checked_add(count).is_some_and(|end| end <= self.rows);
        assert!(exists, "{self:?} has no {count} rows from {first} on");
        let start = (first * self.ld).min(self.len);
        (start, Grid { len: self.len - start, rows: count, ..self })
    }

    /// Where row `i` begins.
    #[inline(always)]
    #[track_caller]
    pub(super) fn start(&self, i: usize) -> usize {
        assert!(i < self.rows, "row {i} of {}", self.rows);
        i * self.ld
    }

    fn fits(&self, len: usize) -> bool {
        let last = self.rows.saturating_sub(1).checked_mul(self.ld);
        let end = last.and_then(|last| last.checked_add(self.width));
        self.rows == 0 || self.width == 0 || end.is_some_and(|end| end <= len)
    }
}

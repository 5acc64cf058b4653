//! Rows of floats in a slice, dense or with a gap between them.

/// Rows of `width` floats, each `ld` floats after the one before; the last one may end the slice.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The first row and all that follows.
    pub data: &'a [f32],
    /// Floats in a row.
    pub width: usize,
    /// Floats from a row to the next, at least `width`.
    pub ld: usize,
}

/// [`Rows`] to write to. What lies between the rows is not touched.
#[derive(Debug)]
pub struct RowsMut<'a> {
    /// The first row and all that follows.
    pub data: &'a mut [f32],
    /// Floats in a row.
    pub width: usize,
    /// Floats from a row to the next, at least `width`.
    pub ld: usize,
}

impl<'a> Rows<'a> {
    /// Rows without gaps.
    pub fn dense(data: &'a [f32], width: usize) -> Rows<'a> {
        Rows { data, width, ld: width }
    }

    /// How many whole rows there are.
    ///
    /// # Panics
    /// When `ld` is smaller than `width`.
    pub fn count(&self) -> usize {
        count(self.data.len(), self.width, self.ld)
    }

    /// Row `i`.
    ///
    /// # Panics
    /// When there is none.
    #[inline(always)]
    pub fn row(&self, i: usize) -> &'a [f32] {
        &self.data[i * self.ld..][..self.width]
    }
}

impl<'a> RowsMut<'a> {
    /// Rows without gaps.
    pub fn dense(data: &'a mut [f32], width: usize) -> RowsMut<'a> {
        RowsMut { data, width, ld: width }
    }

    /// How many whole rows there are.
    ///
    /// # Panics
    /// When `ld` is smaller than `width`.
    pub fn count(&self) -> usize {
        count(self.data.len(), self.width, self.ld)
    }
}

fn count(len: usize, width: usize, ld: usize) -> usize {
    assert!(ld >= width, "rows of {width} floats overlap at a distance of {ld}");
    match len.checked_sub(width) {
        Some(rest) if width > 0 => rest / ld + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_needs_no_gap() {
        let data = [0.0; 12];
        let count = |len, width, ld| Rows { data: &data[..len], width, ld }.count();
        assert_eq!(count(12, 3, 3), 4);
        assert_eq!(count(11, 3, 4), 3);
        assert_eq!(count(10, 3, 4), 2);
        assert_eq!(count(2, 3, 4), 0);
        assert_eq!(count(0, 0, 0), 0);
    }
}

use serde::{Deserialize, Serialize};

use crate::{Result, checked_pixels};

/// A width and a height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Size {
    /// A width and a height.
    pub const fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }

    /// Width times height.
    pub const fn pixels(self) -> usize {
        self.width * self.height
    }

    /// Width times height, at least 1 and at most [`MAX_PIXELS`](crate::MAX_PIXELS).
    ///
    /// # Errors
    /// If a side is zero or the count is over the limit.
    pub fn checked_pixels(self) -> Result<usize> {
        checked_pixels(self.width, self.height)
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

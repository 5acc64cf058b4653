//! Windows of an image's tokens, for attention that stays within them.

use ocelli_engine::{Graph, Result, Value};

/// An image cut into `side` by `side` windows, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Images.
    pub(crate) n: usize,
    /// Rows of tokens of an image.
    pub(crate) height: usize,
    /// Columns of tokens of an image.
    pub(crate) width: usize,
    /// Windows a side; divides both sides.
    pub(crate) side: usize,
}

impl Windows {
    /// Windows of one image.
    pub(crate) fn count(self) -> usize {
        self.side * self.side
    }

    /// Tokens of one window.
    pub(crate) fn tokens(self) -> usize {
        self.height * self.width / self.count()
    }

    /// `[n, h, w, d]` to `[n * windows, tokens, d]`.
    pub(crate) fn cut(self, g: &mut Graph, x: Value) -> Result<Value> {
        let Windows { n, height, width, side } = self;
        let d = g.shape(x).last_dim();
        let x = g.reshape(x, &[n, side, height / side, side, width / side * d])?;
        let x = g.transpose(x, &[0, 1, 3, 2, 4])?;
        g.reshape(x, &[n * self.count(), self.tokens(), d])
    }

    /// `[n * windows, tokens, d]` to `[n, h, w, d]`.
    pub(crate) fn join(self, g: &mut Graph, x: Value) -> Result<Value> {
        let Windows { n, height, width, side } = self;
        let d = g.shape(x).last_dim();
        let x = g.reshape(x, &[n, side, side, height / side, width / side * d])?;
        let x = g.transpose(x, &[0, 1, 3, 2, 4])?;
        g.reshape(x, &[n, height, width, d])
    }
}

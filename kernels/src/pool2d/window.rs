//! Where the windows of a pooling lie.

/// A pooling over windows of fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    /// Height and width of the window.
    pub kernel: [usize; 2],
    /// Steps from a window to the next.
    pub stride: [usize; 2],
    /// Border above, left, below and right.
    pub pad: [usize; 4],
    /// Distance of the elements of a window; maxima only.
    pub dilation: [usize; 2],
    /// Whether a last window may hang over the end.
    pub ceil_mode: bool,
}

/// Windows that do not fit the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolError {
    pool: Pool2d,
    size: [usize; 2],
}

impl std::fmt::Display for PoolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [h, w] = self.size;
        write!(
            f,
            "{:?} does not fit {h} x {w}: the window must be larger than its border ",
            self.pool
        )?;
        write!(f, "and smaller than the bordered picture, stride and dilation at least one")
    }
}

impl std::error::Error for PoolError {}

/// The elements of a window along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// The first one.
    pub(super) first: usize,
    /// How many there are.
    pub(super) count: usize,
    /// From one to the next.
    pub(super) step: usize,
    /// As how many they count in a mean.
    pub(super) weight: usize,
}

impl Pool2d {
    /// A square window without border, dilation or overhang.
    pub fn new(kernel: usize, stride: usize) -> Pool2d {
        let (kernel, stride) = ([kernel; 2], [stride; 2]);
        Pool2d { kernel, stride, pad: [0; 4], dilation: [1; 2], ceil_mode: false }
    }

    /// Height and width of the output for a picture of that size, by PyTorch's rule: a window that hangs over must begin
    /// in the picture or in its first border.
    ///
    /// # Errors
    /// No window fits, or the border is as large as the window.
    pub fn out_size(&self, size: [usize; 2]) -> Result<[usize; 2], PoolError> {
        let error = PoolError { pool: *self, size };
        let mut out = [0; 2];
        for axis in 0..2 {
            let (stride, dilation) = (self.stride[axis], self.dilation[axis]);
            let (before, after) = (self.pad[axis], self.pad[axis + 2]);
            let window = dilation * self.kernel[axis].saturating_sub(1) + 1;
            let bordered = size[axis] + before + after;
            let fits = self.kernel[axis] > 0 && stride > 0 && dilation > 0 && size[axis] > 0;
            if !fits || window > bordered || before.max(after) >= window {
                return Err(error);
            }
            let over = if self.ceil_mode { stride - 1 } else { 0 };
            let count = (bordered - window + over) / stride + 1;
            let outside = self.ceil_mode && (count - 1) * stride >= size[axis] + before;
            out[axis] = count - usize::from(outside);
        }
        Ok(out)
    }

    /// The part of window `i` along `axis` that is inside the picture.
    pub(super) fn inside(&self, axis: usize, i: usize, extent: usize) -> Span {
        let (start, step, pad) = (i * self.stride[axis], self.dilation[axis], self.pad[axis]);
        let skipped = pad.saturating_sub(start).div_ceil(step);
        let first = start + skipped * step - pad;
        let count = extent.saturating_sub(first).div_ceil(step);
        let count = count.min(self.kernel[axis].saturating_sub(skipped));
        Span { first: first.min(extent), count, step, weight: count }
    }

    /// The length of window `i` along `axis` inside the bordered picture.
    pub(super) fn padded_len(&self, axis: usize, i: usize, extent: usize) -> usize {
        let end = self.pad[axis] + extent + self.pad[axis + 2];
        self.kernel[axis].min(end - i * self.stride[axis])
    }
}

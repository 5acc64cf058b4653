//! Pooling, resizing and sampling of images.

use super::conv::extent;
use super::{Graph, Value, checked, mismatch};
use crate::Result;
use crate::op::{Filter, Op, Pool, PoolKind, Resize, SamplePadding};

impl Graph {
    /// The largest of each `kernel` x `kernel` window of `[n, h, w, c]`.
    ///
    /// # Errors
    /// The window does not fit.
    pub fn max_pool(
        &mut self,
        x: Value,
        kernel: usize,
        stride: usize,
        pad: usize,
    ) -> Result<Value> {
        let (kernel, stride, pad) = ([kernel; 2], [stride; 2], [pad; 4]);
        self.pool(x, Pool { kind: PoolKind::Max, kernel, stride, pad })
    }

    /// The mean of each `kernel` x `kernel` window of `[n, h, w, c]`, padding counted as zeros.
    ///
    /// # Errors
    /// The window does not fit.
    pub fn avg_pool(
        &mut self,
        x: Value,
        kernel: usize,
        stride: usize,
        pad: usize,
    ) -> Result<Value> {
        let (kernel, stride, pad) = ([kernel; 2], [stride; 2], [pad; 4]);
        self.pool(x, Pool { kind: PoolKind::Mean, kernel, stride, pad })
    }

    /// Any pooling of `[n, h, w, c]`.
    ///
    /// # Errors
    /// The window does not fit.
    pub fn pool(&mut self, x: Value, pool: Pool) -> Result<Value> {
        let [n, h, w, c] = self.dims("pool", x)?;
        let [top, left, bottom, right] = pool.pad;
        let height = extent(h + top + bottom, pool.kernel[0], pool.stride[0], 1);
        let width = extent(w + left + right, pool.kernel[1], pool.stride[1], 1);
        let reach = top.max(bottom) < pool.kernel[0] && left.max(right) < pool.kernel[1];
        let Some((height, width)) = height.zip(width).filter(|_| reach) else {
            return mismatch("pool", format!("{pool:?} on {}", self.shape(x)));
        };
        let shape = checked("pool", &[n, height, width, c])?;
        Ok(self.push(Op::Pool(pool), &[x], shape))
    }

    /// `[n, h, w, c]` to `[n, height, width, c]`.
    ///
    /// # Errors
    /// `x` is not an image, one of the sizes is zero, or the filter cannot do what is asked.
    pub fn resize(
        &mut self,
        x: Value,
        [height, width]: [usize; 2],
        resize: Resize,
    ) -> Result<Value> {
        let [n, h, w, c] = self.dims("resize", x)?;
        let plain = !resize.antialias && !resize.align_corners;
        let possible = match resize.filter {
            Filter::Nearest => plain,
            Filter::Bilinear | Filter::Bicubic => !(resize.antialias && resize.align_corners),
        };
        if !possible || [h, w, height, width].contains(&0) {
            return mismatch("resize", format!("{resize:?} of {h}x{w} to {height}x{width}"));
        }
        let shape = checked("resize", &[n, height, width, c])?;
        Ok(self.push(Op::Resize(resize), &[x], shape))
    }

    /// `[n, h, w, c]` to `[n, height, width, c]`, bilinear with half-pixel centres.
    ///
    /// # Errors
    /// As [`Graph::resize`].
    pub fn resize_bilinear(&mut self, x: Value, size: [usize; 2]) -> Result<Value> {
        let filter = Filter::Bilinear;
        self.resize(x, size, Resize { filter, align_corners: false, antialias: false })
    }

    /// `[n, h, w, c]` to `[n, factor * h, factor * w, c]`, each pixel repeated.
    ///
    /// # Errors
    /// As [`Graph::resize`].
    pub fn upsample_nearest(&mut self, x: Value, factor: usize) -> Result<Value> {
        let [_, h, w, _] = self.dims("resize", x)?;
        let filter = Filter::Nearest;
        let resize = Resize { filter, align_corners: false, antialias: false };
        self.resize(x, [h * factor, w * factor], resize)
    }

    /// `[n, h, w, c]` at the places `[n, h', w', 2]` to `[n, h', w', c]`.
    ///
    /// # Errors
    /// The shapes do not fit.
    pub fn grid_sample(
        &mut self,
        x: Value,
        grid: Value,
        padding: SamplePadding,
        align_corners: bool,
    ) -> Result<Value> {
        let [n, _, _, c] = self.dims("grid_sample", x)?;
        let [m, h, w, two] = self.dims("grid_sample", grid)?;
        if n != m || two != 2 || self.shape(x).contains(&0) {
            return mismatch("grid_sample", format!("{} at {}", self.shape(x), self.shape(grid)));
        }
        let shape = checked("grid_sample", &[n, h, w, c])?;
        Ok(self.push(Op::GridSample { padding, align_corners }, &[x, grid], shape))
    }
}

//! Pictures sampled at given positions, as PyTorch's `grid_sample` does it.

mod position;
#[cfg(test)]
mod tests;

pub use position::Padding;

use position::Axis;

use crate::row_kernel::{RowKernel, each_row};
use crate::simd::Simd;
use crate::taps::{Tap, blend};
use crate::{Context, Image, ImageMut};

/// How a picture is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GridSample {
    /// Whether the nearest pixel is taken, and not a blend of two by two.
    pub nearest: bool,
    /// What is outside of the picture.
    pub padding: Padding,
    /// Whether -1 and 1 are the middles of the outermost pixels, and not their outer edges.
    pub align_corners: bool,
}

/// `[n, h, w, c]` sampled at `grid`, `[n, h', w', 2]` of `x, y` in `-1..1`, to `[n, h', w', c]`.
///
/// # Panics
/// When extents disagree.
pub fn grid_sample(ctx: Context, options: GridSample, x: Image, grid: &[f32], out: ImageMut) {
    x.check();
    out.check();
    assert_eq!((x.n, x.c), (out.n, out.c));
    assert_eq!(grid.len(), 2 * out.pixels.rows());
    assert!(x.pixels.rows() > 0 || out.pixels.rows() == 0, "a picture without pixels");
    let axes = [x.w, x.h].map(|size| Axis::new(options, size));
    let (nearest, per_picture) = (options.nearest, out.h * out.w);
    let cost = 4 * x.c.max(8);
    each_row(ctx, out.pixels, cost, &Sample { nearest, axes, x, grid, per_picture });
}

/// Output pixels are counted through all pictures.
struct Sample<'a> {
    nearest: bool,
    axes: [Axis; 2],
    x: Image<'a>,
    grid: &'a [f32],
    per_picture: usize,
}

impl RowKernel for Sample<'_> {
    #[inline(always)]
    fn row<S: Simd>(&self, s: S, pixel: usize, out: &mut [f32]) {
        let picture = self.x.picture(pixel / self.per_picture);
        let [x, y] = [
            self.axes[0].pixel(self.grid[2 * pixel]),
            self.axes[1].pixel(self.grid[2 * pixel + 1]),
        ];
        let (mut taps, mut count) = ([Tap::default(); 4], 0);
        for (row, above) in self.axes[1].taps(y, self.nearest) {
            for (column, beside) in self.axes[0].taps(x, self.nearest) {
                if let (Some(row), Some(column)) = (row, column) {
                    taps[count] = Tap { at: row * self.x.w + column, weight: above * beside };
                    count += 1;
                }
            }
        }
        let out = (out.as_mut_ptr(), out.len());
        // SAFETY: taps are pixels of the picture, the extent of which was checked.
        unsafe { blend(s, &taps[..count], (picture.ptr(), picture.ld()), out) };
    }
}

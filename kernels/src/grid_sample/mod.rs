//! Pictures sampled at given positions, as PyTorch's `grid_sample` does it.

mod position;
#[cfg(test)]
mod tests;

pub use position::Padding;

use position::Axis;

use crate::simd::{Kernel, Simd, dispatch};
use crate::split::each_part;
use crate::taps::{Tap, blend};
use crate::{Context, Image, ImageMut, RowsMut};

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
    let per_picture = out.h * out.w;
    each_part(ctx.pool, out.pixels, 4 * x.c.max(8), |first, out| {
        let nearest = options.nearest;
        dispatch(ctx.isa, Run { nearest, axes, x, grid, first, per_picture, out });
    });
}

/// The output pixels from `first` on, counted through all pictures.
struct Run<'a> {
    nearest: bool,
    axes: [Axis; 2],
    x: Image<'a>,
    grid: &'a [f32],
    first: usize,
    per_picture: usize,
    out: RowsMut<'a>,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        for i in 0..self.out.rows() {
            let pixel = self.first + i;
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
            let out = self.out.row_mut(i);
            let out = (out.as_mut_ptr(), out.len());
            // SAFETY: taps are pixels of the picture, the extent of which was checked.
            unsafe { blend(s, &taps[..count], (picture.ptr(), picture.ld()), out) };
        }
    }
}

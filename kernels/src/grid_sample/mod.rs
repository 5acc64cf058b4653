//! Pictures sampled at given positions, as PyTorch's `grid_sample` does it.

mod position;
#[cfg(test)]
mod tests;

pub use position::Padding;

use position::Axis;

use crate::Context;
use crate::image::{Image, ImageMut};
use crate::simd::{Kernel, Simd, dispatch};
use crate::split::rows_mut;
use crate::taps::{Tap, blend};

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
    let (out, from) = (out.checked(), x.shape);
    let (to, ld) = (out.shape, out.ld);
    assert_eq!((from.n, from.c), (to.n, to.c));
    assert_eq!(grid.len(), 2 * to.pixels());
    assert!(from.pixels() > 0 || to.pixels() == 0, "a picture without pixels");
    let axes = [from.w, from.h].map(|size| Axis::new(options, size));
    rows_mut(ctx.pool, out.data, ld, 4 * to.c.max(8), |first, out| {
        let nearest = options.nearest;
        dispatch(ctx.isa, Run { nearest, axes, x, grid, first, per_picture: to.h * to.w, out, ld });
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
    out: &'a mut [f32],
    ld: usize,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let c = self.x.shape.c;
        for (i, out) in self.out.chunks_mut(self.ld).enumerate() {
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
                        taps[count] =
                            Tap { at: row * self.x.shape.w + column, weight: above * beside };
                        count += 1;
                    }
                }
            }
            let out = out[..c].as_mut_ptr();
            // SAFETY: taps are pixels of the picture, the extent of which was checked.
            unsafe { blend(s, &taps[..count], (picture.as_ptr(), self.x.ld), (out, c)) };
        }
    }
}

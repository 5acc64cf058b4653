//! From a network's grid to the picture, as Ultralytics leads maps back.

use crate::Size;
use crate::resize::AxisTaps;

/// The size of a picture fitted into a letterbox.
pub(super) fn inner(picture: Size, canvas: Size) -> Size {
    let ratio = |to: usize, from: usize| to as f64 / from.max(1) as f64;
    let gain = ratio(canvas.height, picture.height).min(ratio(canvas.width, picture.width));
    let side = |side: usize| ((side as f64 * gain).round_ties_even() as usize).max(1);
    Size::new(side(picture.width), side(picture.height))
}

/// Columns and lines of three steps in one: from `grid` to `grown`, without the border of the letterbox, to the picture.
pub(super) fn taps(grid: Size, grown: Size, picture: Size) -> (AxisTaps, AxisTaps) {
    let inner = inner(picture, grown);
    let axis = |grid: usize, grown: usize, inner: usize, to: usize| {
        let border = (grown as f64 - inner as f64) / 2.0;
        let first = ((border - 0.1).round_ties_even().max(0.0) as usize).min(grown - 1);
        let part = first..(first + inner).min(grown);
        let last = AxisTaps::new(part.len(), to, false);
        last.after(&AxisTaps::new(grid, grown, false), part)
    };
    (
        axis(grid.width, grown.width, inner.width, picture.width),
        axis(grid.height, grown.height, inner.height, picture.height),
    )
}

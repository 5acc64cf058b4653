//! Letterboxes as Ultralytics makes them.

use super::fit::place;
use super::{Fitted, Padding};
use crate::resize::opencv_linear;
use crate::{Image, Result, Size};

/// One factor for both sides, and a gray border around the picture, in its middle.
///
/// Unlike the letterbox of packages, the fitted picture's sides are rounded to the nearest (halves to even), and a
/// picture of one shape may get by with a smaller canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Letterbox {
    /// The canvas; the larger one, if it may shrink.
    pub size: Size,
    /// If given, the border is shortened by whole multiples of this.
    pub stride: Option<usize>,
    /// The border's gray.
    pub border: u8,
}

impl Letterbox {
    /// The canvas of a picture of size `from`.
    pub fn canvas(&self, from: Size) -> Size {
        let (inner, padding) = self.geometry(from);
        let side = |inner: usize, before: isize, after: isize| inner + (before + after) as usize;
        Size::new(
            side(inner.width, padding.left, padding.right),
            side(inner.height, padding.top, padding.bottom),
        )
    }

    /// Fits a picture.
    ///
    /// # Errors
    /// If the canvas is empty or too large.
    pub fn fit(&self, image: &Image) -> Result<Fitted> {
        self.size.checked_pixels()?;
        let (inner, padding) = self.geometry(image.size());
        let resized = opencv_linear(image, inner.width, inner.height)?;
        let scale = (
            (inner.width as f64 / image.width() as f64) as f32,
            (inner.height as f64 / image.height() as f64) as f32,
        );
        let image = place(&resized, self.canvas(image.size()), padding, self.border)?;
        Ok(Fitted { image, padding, scale })
    }

    /// The size of the fitted picture, and its border.
    fn geometry(&self, from: Size) -> (Size, Padding) {
        let ratio = |to: usize, from: usize| to as f64 / from.max(1) as f64;
        let scale = ratio(self.size.height, from.height).min(ratio(self.size.width, from.width));
        let inner = |from: usize, most: usize| {
            ((from as f64 * scale).round_ties_even() as usize).clamp(1, most.max(1))
        };
        let inner =
            Size::new(inner(from.width, self.size.width), inner(from.height, self.size.height));
        let spare = |to: usize, inner: usize| {
            let spare = to.saturating_sub(inner);
            self.stride.filter(|&stride| stride > 0).map_or(spare, |stride| spare % stride) as f64
        };
        let halves = |spare: f64| {
            let half = |bias: f64| (spare / 2.0 + bias).round_ties_even().max(0.0) as isize;
            (half(-0.1), half(0.1))
        };
        let (left, right) = halves(spare(self.size.width, inner.width));
        let (top, bottom) = halves(spare(self.size.height, inner.height));
        (inner, Padding { left, top, right, bottom })
    }
}

//! Fitting a picture to the network's size, with OpenCV's resize.

use super::{Padding, config::ResizeMode};
use crate::{Image, Result, Size, resize::opencv_linear};

/// A fitted picture and how it was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The picture at the new size.
    pub image: Image,
    /// What was added around it, or cut off.
    pub padding: Padding,
    /// New pixels a pixel, across and down.
    pub scale: (f32, f32),
}

/// Fits a picture to `target`; `border` is the gray of a letterbox's border.
///
/// With [`ResizeMode::FitLongerEdge`] only one side of the result has the target's length.
///
/// # Errors
/// If the target is empty or too large.
pub fn fit(image: &Image, mode: ResizeMode, target: Size, border: u8) -> Result<Fitted> {
    target.checked_pixels()?;
    match mode {
        ResizeMode::Stretch => stretch(image, target),
        ResizeMode::Letterbox | ResizeMode::LetterboxReflectEdges => {
            letterbox(image, target, border)
        }
        ResizeMode::CenterCrop => center_crop(image, target),
        ResizeMode::FitLongerEdge => stretch(image, longer_edge(image.size(), target)),
    }
}

fn stretch(image: &Image, target: Size) -> Result<Fitted> {
    let (x, y) = ratios(image.size(), target);
    Ok(Fitted {
        image: opencv_linear(image, target.width, target.height)?,
        padding: Padding::default(),
        scale: (x as f32, y as f32),
    })
}

fn letterbox(image: &Image, target: Size, border: u8) -> Result<Fitted> {
    let from = image.size();
    let (x, y) = ratios(from, target);
    let scale = x.min(y);
    let side = |side: usize, most: usize| ((side as f64 * scale) as usize).clamp(1, most);
    let inner = Size::new(side(from.width, target.width), side(from.height, target.height));
    let (spare_x, spare_y) = (target.width - inner.width, target.height - inner.height);
    let padding = Padding {
        left: (spare_x / 2) as isize,
        top: (spare_y / 2) as isize,
        right: (spare_x - spare_x / 2) as isize,
        bottom: (spare_y - spare_y / 2) as isize,
    };
    let inner = opencv_linear(image, inner.width, inner.height)?;
    let image = place(&inner, target, padding, border)?;
    Ok(Fitted { image, padding, scale: (scale as f32, scale as f32) })
}

fn center_crop(image: &Image, target: Size) -> Result<Fitted> {
    let sides = |from: usize, to: usize| {
        let (spare, sign) = if to > from { (to - from, 1) } else { (from - to, -1) };
        let before = spare / 2;
        (sign * before as isize, sign * (spare - before) as isize)
    };
    let (left, right) = sides(image.width(), target.width);
    let (top, bottom) = sides(image.height(), target.height);
    let padding = Padding { left, top, right, bottom };
    let image = place(image, target, padding, 0)?;
    Ok(Fitted { image, padding, scale: (1.0, 1.0) })
}

/// Copies a picture onto a canvas, `padding` from its edges; what falls outside is left out.
pub(super) fn place(image: &Image, target: Size, padding: Padding, border: u8) -> Result<Image> {
    let mut canvas = Image::filled(target.width, target.height, [border; 3])?;
    let offset = |padding: isize| (padding.max(0) as usize, (-padding).max(0) as usize);
    let ((to_x, from_x), (to_y, from_y)) = (offset(padding.left), offset(padding.top));
    let width = (image.width() - from_x).min(target.width - to_x) * 3;
    let sources = image.pixels().chunks_exact(image.width() * 3).skip(from_y);
    let targets = canvas.pixels_mut().chunks_exact_mut(target.width * 3).skip(to_y);
    for (to, from) in targets.zip(sources) {
        to[to_x * 3..][..width].copy_from_slice(&from[from_x * 3..][..width]);
    }
    Ok(canvas)
}

fn longer_edge(from: Size, target: Size) -> Size {
    let (x, y) = ratios(from, target);
    let side = |side: usize, scale: f64| ((side as f64 * scale).round_ties_even() as usize).max(1);
    if x < y {
        Size::new(target.width, side(from.height, x))
    } else {
        Size::new(side(from.width, y), target.height)
    }
}

fn ratios(from: Size, to: Size) -> (f64, f64) {
    (to.width as f64 / from.width as f64, to.height as f64 / from.height as f64)
}

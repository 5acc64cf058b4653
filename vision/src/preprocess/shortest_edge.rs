//! The middle of a picture, at one scale: how classifiers see it.

use super::fit::place;
use super::{Fitted, Padding};
use crate::resize::{Filter, pillow};
use crate::{Image, Result, Size};

/// Resizes a picture, as torchvision does with one of Pillow's, so that its shorter side is `edge` pixels long, and cuts
/// `crop` out of the middle; what the picture lacks is black.
///
/// # Errors
/// If a size is empty or too large.
pub fn shortest_edge_crop(
    image: &Image,
    edge: usize,
    crop: Size,
    filter: Filter,
) -> Result<Fitted> {
    crop.checked_pixels()?;
    let (width, height) = (image.width(), image.height());
    let long = |long: usize, short: usize| (edge as u64 * long as u64 / short as u64) as usize;
    let size = if width <= height {
        Size::new(edge, long(height, width))
    } else {
        Size::new(long(width, height), edge)
    };
    size.checked_pixels()?;
    let resized = pillow(image, size.width, size.height, filter)?;
    let (left, right) = margins(size.width, crop.width);
    let (top, bottom) = margins(size.height, crop.height);
    let padding = Padding { left, top, right, bottom };
    let ratio = |to: usize, from: usize| (to as f64 / from as f64) as f32;
    let scale = (ratio(size.width, width), ratio(size.height, height));
    Ok(Fitted { image: place(&resized, crop, padding, 0)?, padding, scale })
}

/// What is added before and after a side; negative where it is cut. Python rounds halves to even.
fn margins(from: usize, to: usize) -> (isize, isize) {
    let spare = to as isize - from as isize;
    let before =
        if spare > 0 { spare / 2 } else { -(((-spare) as f64 / 2.0).round_ties_even() as isize) };
    (before, spare - before)
}

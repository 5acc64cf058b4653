//! The middle of a picture, at one scale: how classifiers see it.

use serde::{Deserialize, Serialize};

use super::fit::place;
use super::{Fitted, Padding};
use crate::resize::{Filter, pillow};
use crate::{Image, Result, Size};

/// Where the middle is if an odd number of pixels is to be cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OddMargin {
    /// Half of it, halves to even, is cut off left and above: torchvision.
    #[default]
    ToEven,
    /// The smaller half is: Hugging Face's processors.
    Down,
}

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
    let size = shortest_edge(image.size(), edge);
    resize_crop(image, size, crop, filter, OddMargin::ToEven)
}

/// The size of a picture of size `from` whose shorter side is `edge` pixels long; the other side is rounded down.
pub fn shortest_edge(from: Size, edge: usize) -> Size {
    let long = |long: usize, short: usize| {
        let side = (edge as u64).saturating_mul(long as u64) / short.max(1) as u64;
        usize::try_from(side).unwrap_or(usize::MAX)
    };
    if from.width <= from.height {
        Size::new(edge, long(from.height, from.width))
    } else {
        Size::new(long(from.width, from.height), edge)
    }
}

/// Resizes a picture to `size` as Pillow does, and cuts `crop` out of the middle; what the picture lacks is black.
///
/// # Errors
/// If a size is empty or too large.
pub fn resize_crop(
    image: &Image,
    size: Size,
    crop: Size,
    filter: Filter,
    odd: OddMargin,
) -> Result<Fitted> {
    crop.checked_pixels()?;
    size.checked_pixels()?;
    let resized = pillow(image, size.width, size.height, filter)?;
    let (left, right) = margins(size.width, crop.width, odd);
    let (top, bottom) = margins(size.height, crop.height, odd);
    let padding = Padding { left, top, right, bottom };
    let ratio = |to: usize, from: usize| (to as f64 / from as f64) as f32;
    let scale = (ratio(size.width, image.width()), ratio(size.height, image.height()));
    Ok(Fitted { image: place(&resized, crop, padding, 0)?, padding, scale })
}

/// What is added before and after a side; negative where it is cut.
fn margins(from: usize, to: usize, odd: OddMargin) -> (isize, isize) {
    let spare = to as isize - from as isize;
    let before = match odd {
        OddMargin::ToEven if spare < 0 => -(((-spare) as f64 / 2.0).round_ties_even() as isize),
        _ => spare / 2,
    };
    (before, spare - before)
}

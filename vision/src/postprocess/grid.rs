//! Leading maps in the network's own grid back to the original picture.

use std::borrow::Cow;

use crate::{Padding, PreProcessingMetadata, Result, Size, VisionError};

/// The part of a map that shows the picture, once the border is cut off (or, where the picture
/// had been cut, added as zeros).
pub(super) struct Unpadded<'a> {
    /// The values, `[height, width, channels]`.
    pub(super) values: Cow<'a, [f32]>,
    /// The part's size.
    pub(super) size: Size,
}

/// Cuts the border off a map `[grid.height, grid.width, channels]`; where the picture had been cut, zeros
/// take the place of what the network did not see.
///
/// # Errors
/// If the map has another length, or nothing is left of it.
pub(super) fn unpad<'a>(
    map: &'a [f32],
    grid: Size,
    channels: usize,
    metadata: &PreProcessingMetadata,
) -> Result<Unpadded<'a>> {
    if grid.checked_pixels()?.checked_mul(channels) != Some(map.len()) || channels == 0 {
        let expected = format!("[{}, {}, {channels}]", grid.height, grid.width);
        return Err(VisionError::shape("map", &[map.len()], &expected));
    }
    let padding = scaled_padding(grid, metadata);
    if padding == Padding::default() {
        return Ok(Unpadded { values: Cow::Borrowed(map), size: grid });
    }
    let side = |side: usize, before: isize, after: isize| {
        usize::try_from(side as isize - before - after).unwrap_or(0)
    };
    let size = Size::new(
        side(grid.width, padding.left, padding.right),
        side(grid.height, padding.top, padding.bottom),
    );
    size.checked_pixels()?;

    let from_x = padding.left.max(0) as usize;
    let to_x = (-padding.left).max(0) as usize;
    let across = size.width.saturating_sub(to_x).min(grid.width.saturating_sub(from_x));
    if across == 0 {
        return Ok(Unpadded { values: Cow::Owned(vec![0.0; size.pixels() * channels]), size });
    }
    let mut values = vec![0.0; size.pixels() * channels];
    for (y, out) in values.chunks_exact_mut(size.width * channels).enumerate() {
        let Ok(y) = usize::try_from(y as isize + padding.top) else { continue };
        let Some(row) = map.chunks_exact(grid.width * channels).nth(y) else { continue };
        out[to_x * channels..][..across * channels]
            .copy_from_slice(&row[from_x * channels..][..across * channels]);
    }
    Ok(Unpadded { values: Cow::Owned(values), size })
}

/// The border in the map's own grid.
fn scaled_padding(grid: Size, metadata: &PreProcessingMetadata) -> Padding {
    let input = metadata.denormalisation_size();
    let scaled = |padding: isize, grid: usize, input: usize| {
        (grid as f64 / input.max(1) as f64 * padding as f64).round_ties_even() as isize
    };
    let Padding { left, top, right, bottom } = metadata.padding;
    Padding {
        left: scaled(left, grid.width, input.width),
        right: scaled(right, grid.width, input.width),
        top: scaled(top, grid.height, input.height),
        bottom: scaled(bottom, grid.height, input.height),
    }
}

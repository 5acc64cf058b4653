use crate::{DepthMap, Image, Result};

/// Every 17th of the 256 colours of Mikhailov's turbo map (2019), from blue over green to red.
const TURBO: [[u8; 3]; 16] = [
    [48, 18, 59],
    [65, 67, 167],
    [71, 113, 233],
    [62, 155, 254],
    [34, 197, 226],
    [26, 228, 182],
    [70, 248, 132],
    [136, 255, 78],
    [185, 246, 53],
    [225, 221, 55],
    [250, 186, 57],
    [253, 141, 39],
    [240, 91, 18],
    [214, 53, 6],
    [175, 24, 1],
    [122, 4, 3],
];

/// A depth map as a gray picture, its smallest value black and its largest white.
///
/// # Errors
/// If the map's size is empty or does not fit its values.
pub fn depth_image(map: &DepthMap) -> Result<Image> {
    let gray: Vec<u8> = map.scaled().map(|v| (v * 255.0).round() as u8).collect();
    Image::from_gray(map.image_size.width, map.image_size.height, &gray)
}

/// A depth map in the colours of the turbo map, its smallest value dark blue and its largest dark red; black where it is
/// not a number.
///
/// # Errors
/// If the map's size is empty or does not fit its values.
pub fn depth_colors(map: &DepthMap) -> Result<Image> {
    let pixels = map.scaled().flat_map(turbo).collect();
    let (width, height) = (map.image_size.width, map.image_size.height);
    Image::from_raw(width, height, pixels, crate::ColorOrder::Rgb)
}

/// The colour of a value in 0..=1, between the two nearest of the table.
pub(super) fn turbo(value: f32) -> [u8; 3] {
    if value.is_nan() {
        return [0; 3];
    }
    let place = value.clamp(0.0, 1.0) * (TURBO.len() - 1) as f32;
    let below = (place as usize).min(TURBO.len() - 2);
    super::blend(TURBO[below], TURBO[below + 1], place - below as f32)
}

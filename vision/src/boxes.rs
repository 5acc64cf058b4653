//! Boxes as four floats: conversions, clamping, overlap.

use crate::Size;

/// Centre and extent `[cx, cy, w, h]` to corners `[x0, y0, x1, y1]`.
pub fn cxcywh_to_xyxy([cx, cy, w, h]: [f32; 4]) -> [f32; 4] {
    [cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h]
}

/// Corners `[x0, y0, x1, y1]` to centre and extent `[cx, cy, w, h]`.
pub fn xyxy_to_cxcywh([x0, y0, x1, y1]: [f32; 4]) -> [f32; 4] {
    [f32::midpoint(x0, x1), f32::midpoint(y0, y1), x1 - x0, y1 - y0]
}

/// Corners `[x0, y0, x1, y1]` to corner and extent `[x0, y0, w, h]`.
pub fn xyxy_to_xywh([x0, y0, x1, y1]: [f32; 4]) -> [f32; 4] {
    [x0, y0, x1 - x0, y1 - y0]
}

/// Moves corners into `0..=width`, `0..=height`; a NaN becomes 0.
pub fn clamp(xyxy: [f32; 4], size: Size) -> [f32; 4] {
    let limits = [size.width, size.height, size.width, size.height];
    std::array::from_fn(|i| xyxy[i].max(0.0).min(limits[i] as f32))
}

/// Corners in whole pixels, halves to even.
pub fn round(xyxy: [f32; 4]) -> [i32; 4] {
    xyxy.map(|v| v.round_ties_even() as i32)
}

/// The area; 0 for a box turned inside out.
pub fn area([x0, y0, x1, y1]: [f32; 4]) -> f32 {
    (x1 - x0).max(0.0) * (y1 - y0).max(0.0)
}

/// Intersection over union; 0 if both are empty.
pub fn iou(a: [f32; 4], b: [f32; 4]) -> f32 {
    let overlap = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    let union = area(a) + area(b) - overlap;
    if union > 0.0 { overlap / union } else { 0.0 }
}

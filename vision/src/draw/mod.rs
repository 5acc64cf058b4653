//! Predictions drawn onto their picture.

mod canvas;
mod depth;
mod font;
mod palette;

use canvas::{Canvas, blend};
pub use depth::{depth_colors, depth_image};
pub use palette::class_color;
use palette::ink_on;

use crate::{
    Detection, Detections, Image, InstanceDetections, KeyPoints, OrientedDetection,
    OrientedDetections, SemanticSegmentation, Skeleton,
};

/// How predictions are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Names by class id; a class without one is called by its number.
    pub class_names: &'a [String],
    /// Width of lines in pixels; `None` lets it grow with the picture.
    pub line_width: Option<usize>,
    /// How much of the picture a mask hides, 0..=1.
    pub opacity: f32,
    /// Whether names and scores are written.
    pub labels: bool,
}

impl<'a> Style<'a> {
    /// Lines that grow with the picture, half-transparent masks, labels.
    pub fn new(class_names: &'a [String]) -> Self {
        Self { class_names, line_width: None, opacity: 0.45, labels: true }
    }

    fn line(&self, canvas: &Canvas<'_>) -> i64 {
        let (width, height) = canvas.size();
        self.line_width.map_or_else(|| ((width + height) / 600).max(2), |line| line.min(999) as i64)
    }

    fn label(&self, class_id: usize, confidence: f32) -> String {
        let name = self.class_names.get(class_id).cloned();
        let name = name.unwrap_or_else(|| class_id.to_string());
        format!("{name} {confidence:.2}")
    }
}

/// Draws boxes and their labels, the most confident on top.
pub fn draw_detections(image: &mut Image, found: &Detections, style: &Style<'_>) {
    let mut canvas = Canvas::new(image);
    let found: Vec<Detection> = found.iter().collect();
    for detection in found.iter().rev() {
        draw_box(&mut canvas, detection, style);
    }
}

/// Draws rotated boxes and their labels, the most confident on top.
pub fn draw_oriented(image: &mut Image, found: &OrientedDetections, style: &Style<'_>) {
    let mut canvas = Canvas::new(image);
    let found: Vec<OrientedDetection> = found.iter().collect();
    for detection in found.iter().rev() {
        draw_oriented_box(&mut canvas, detection, style);
    }
}

/// Draws masks, then boxes and their labels.
pub fn draw_instances(image: &mut Image, found: &InstanceDetections, style: &Style<'_>) {
    let mut canvas = Canvas::new(image);
    for (i, &class_id) in found.detections.class_id.iter().enumerate().rev() {
        if let Some(mask) = found.masks.bitmap(i) {
            canvas.mask(&mask, style.opacity, class_color(class_id));
        }
    }
    draw_detections(image, &found.detections, style);
}

/// Draws boxes, the lines between key points that their class's skeleton asks for, and the points.
pub fn draw_key_points(
    image: &mut Image,
    found: &KeyPoints,
    skeletons: &[Skeleton],
    style: &Style<'_>,
) {
    let mut canvas = Canvas::new(image);
    let line = style.line(&canvas);
    for i in (0..found.len()).rev() {
        let (Some(&class_id), Some(&confidence)) = (found.class_id.get(i), found.confidence.get(i))
        else {
            continue;
        };
        if let Some(&xyxy) = found.xyxy.get(i) {
            draw_box(&mut canvas, &Detection { xyxy, class_id, confidence }, style);
        }
        let place = |index: usize| {
            let point = found.points[i].get(index).filter(|p| p.confidence > 0.0)?;
            Some([pixel(point.x), pixel(point.y)])
        };
        for &(from, to) in skeletons.get(class_id).into_iter().flatten() {
            if let (Some(from), Some(to)) = (place(from), place(to)) {
                canvas.line(from, to, line, class_color(class_id));
            }
        }
        for (index, at) in (0..found.points[i].len()).filter_map(|k| Some((k, place(k)?))) {
            canvas.disc(at, 2 * line, [255; 3]);
            canvas.disc(at, line + line / 2, class_color(index));
        }
    }
}

/// Lays each class's colour over its pixels, leaving out `background`.
pub fn draw_semantic(
    image: &mut Image,
    map: &SemanticSegmentation,
    background: Option<usize>,
    style: &Style<'_>,
) {
    if image.size() != map.image_size {
        return;
    }
    for (pixel, &class) in image.pixels_mut().as_chunks_mut::<3>().0.iter_mut().zip(&map.class_map)
    {
        if Some(usize::from(class)) != background {
            *pixel = blend(*pixel, class_color(usize::from(class)), style.opacity);
        }
    }
}

/// Writes classes and their scores at the upper left, one below the other.
pub fn draw_classes(image: &mut Image, classes: &[(usize, f32)], style: &Style<'_>) {
    let mut canvas = Canvas::new(image);
    let line = style.line(&canvas);
    for (row, &(class_id, confidence)) in classes.iter().enumerate() {
        let label = style.label(class_id, confidence);
        let top = row as i64 * label_height(line);
        write_label(&mut canvas, &label, [0, top], line, class_color(class_id));
    }
}

fn draw_box(canvas: &mut Canvas<'_>, detection: &Detection, style: &Style<'_>) {
    let color = class_color(detection.class_id);
    let line = style.line(canvas);
    let corners = detection.xyxy.map(pixel);
    canvas.frame(corners, line, color);
    if style.labels {
        let label = style.label(detection.class_id, detection.confidence);
        draw_label(canvas, &label, corners, line, color);
    }
}

fn draw_oriented_box(canvas: &mut Canvas<'_>, detection: &OrientedDetection, style: &Style<'_>) {
    let color = class_color(detection.class_id);
    let line = style.line(canvas);
    let corners = detection.corners().map(|corner| corner.map(pixel));
    for (i, &from) in corners.iter().enumerate() {
        canvas.line(from, corners[(i + 1) % corners.len()], line, color);
    }
    if style.labels {
        let label = style.label(detection.class_id, detection.confidence);
        draw_label(canvas, &label, detection.xyxy().map(pixel), line, color);
    }
}

/// A label on the box's upper edge: above it if there is room, else inside.
fn draw_label(canvas: &mut Canvas<'_>, label: &str, corners: [i64; 4], line: i64, color: [u8; 3]) {
    let height = label_height(line);
    let top = if corners[1] >= height { corners[1] - height } else { corners[1].max(0) };
    write_label(canvas, label, [corners[0], top], line, color);
}

/// Text on a ground of `color`, moved sideways until it is in the picture.
fn write_label(canvas: &mut Canvas<'_>, label: &str, [x, y]: [i64; 2], line: i64, color: [u8; 3]) {
    let scale = line.max(1);
    let text_width = (label.chars().count() * font::ADVANCE) as i64 * scale + scale;
    let left = x.min(canvas.size().0 - text_width).max(0);
    canvas.rect([left, y, left + text_width, y + label_height(line)], color);
    canvas.text(label, [left + scale, y + scale], scale, ink_on(color));
}

fn label_height(line: i64) -> i64 {
    (font::HEIGHT as i64 + 1) * line.max(1)
}

/// A coordinate in whole pixels, within what the arithmetic of drawing can hold.
fn pixel(coordinate: f32) -> i64 {
    coordinate.round().clamp(-1e6, 1e6) as i64
}

#[cfg(test)]
mod tests;

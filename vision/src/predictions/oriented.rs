use serde::{Deserialize, Serialize};

use super::{Report, ReportContext, ReportedPrediction, ToReport};
use crate::{Size, Task, boxes};

/// The objects found in one picture as rotated boxes, most confident first; the lists run in parallel.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OrientedDetections {
    /// The picture's size.
    pub image_size: Size,
    /// Boxes `[centre x, centre y, width, height, angle]`, see [`OrientedDetection::xywhr`].
    pub xywhr: Vec<[f32; 5]>,
    /// Index into the model's class names.
    pub class_id: Vec<usize>,
    /// Score in 0..=1.
    pub confidence: Vec<f32>,
}

/// One object of [`OrientedDetections`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrientedDetection {
    /// Centre x and y, width and height in pixels, and the angle in radians by which the side called width is turned
    /// from the x axis towards the y axis (clockwise as pictures are seen).
    pub xywhr: [f32; 5],
    /// Index into the model's class names.
    pub class_id: usize,
    /// Score in 0..=1.
    pub confidence: f32,
}

impl OrientedDetection {
    /// The corners `[x, y]` around the box: of a box that is not turned lower right, upper right, upper left, lower
    /// left.
    pub fn corners(&self) -> [[f32; 2]; 4] {
        let [x, y, width, height, angle] = self.xywhr;
        let (sin, cos) = angle.sin_cos();
        let along = [width / 2.0 * cos, width / 2.0 * sin];
        let across = [-height / 2.0 * sin, height / 2.0 * cos];
        let corner =
            |a: f32, b: f32| [x + a * along[0] + b * across[0], y + a * along[1] + b * across[1]];
        [corner(1.0, 1.0), corner(1.0, -1.0), corner(-1.0, -1.0), corner(-1.0, 1.0)]
    }

    /// The upright box `[x_min, y_min, x_max, y_max]` around the corners; it may reach outside the picture.
    pub fn xyxy(&self) -> [f32; 4] {
        let corners = self.corners();
        let fold = |axis: usize, pick: fn(f32, f32) -> f32| {
            corners[1..].iter().fold(corners[0][axis], |edge, corner| pick(edge, corner[axis]))
        };
        [fold(0, f32::min), fold(1, f32::min), fold(0, f32::max), fold(1, f32::max)]
    }
}

impl OrientedDetections {
    /// No objects in a picture of this size.
    pub fn new(image_size: Size) -> Self {
        Self { image_size, ..Self::default() }
    }

    /// The number of objects.
    pub fn len(&self) -> usize {
        self.xywhr.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.xywhr.is_empty()
    }

    /// Appends an object.
    pub fn push(&mut self, detection: OrientedDetection) {
        self.xywhr.push(detection.xywhr);
        self.class_id.push(detection.class_id);
        self.confidence.push(detection.confidence);
    }

    /// The objects, one by one.
    pub fn iter(&self) -> impl Iterator<Item = OrientedDetection> {
        let scored = self.class_id.iter().zip(&self.confidence);
        self.xywhr.iter().zip(scored).map(|(&xywhr, (&class_id, &confidence))| OrientedDetection {
            xywhr,
            class_id,
            confidence,
        })
    }
}

impl Extend<OrientedDetection> for OrientedDetections {
    fn extend<I: IntoIterator<Item = OrientedDetection>>(&mut self, detections: I) {
        detections.into_iter().for_each(|detection| self.push(detection));
    }
}

impl ToReport for OrientedDetections {
    /// Beside the rotated box and its corners, the upright box around them, clamped to the picture.
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let row = |d: OrientedDetection| ReportedPrediction {
            xyxy: Some(boxes::clamp(d.xyxy(), self.image_size)),
            xywhr: Some(d.xywhr),
            polygon: Some(d.corners()),
            ..context.prediction(d.class_id, d.confidence)
        };
        let rows = self.iter().map(row).collect();
        context.report(Task::OrientedObjectDetection, self.image_size, rows)
    }
}

use serde::{Deserialize, Serialize};

use super::{Report, ReportContext, ReportedPrediction, ToReport};
use crate::{Size, Task, boxes};

/// The objects found in one picture, most confident first; the lists run in parallel.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Detections {
    /// The picture's size.
    pub image_size: Size,
    /// Boxes `[x_min, y_min, x_max, y_max]`.
    pub xyxy: Vec<[f32; 4]>,
    /// Index into the model's class names.
    pub class_id: Vec<usize>,
    /// Score in 0..=1.
    pub confidence: Vec<f32>,
}

/// One object of [`Detections`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// The box `[x_min, y_min, x_max, y_max]`.
    pub xyxy: [f32; 4],
    /// Index into the model's class names.
    pub class_id: usize,
    /// Score in 0..=1.
    pub confidence: f32,
}

impl Detections {
    /// No objects in a picture of this size.
    pub fn new(image_size: Size) -> Self {
        Self { image_size, ..Self::default() }
    }

    /// The number of objects.
    pub fn len(&self) -> usize {
        self.xyxy.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.xyxy.is_empty()
    }

    /// Appends an object.
    pub fn push(&mut self, detection: Detection) {
        self.xyxy.push(detection.xyxy);
        self.class_id.push(detection.class_id);
        self.confidence.push(detection.confidence);
    }

    /// The objects, one by one.
    pub fn iter(&self) -> impl Iterator<Item = Detection> {
        self.xyxy
            .iter()
            .zip(&self.class_id)
            .zip(&self.confidence)
            .map(|((&xyxy, &class_id), &confidence)| Detection { xyxy, class_id, confidence })
    }

    /// The boxes in whole pixels, halves rounded to even, as `inference-models` reports them.
    pub fn rounded(&self) -> Vec<[i32; 4]> {
        self.xyxy.iter().map(|&xyxy| boxes::round(xyxy)).collect()
    }
}

impl Extend<Detection> for Detections {
    fn extend<I: IntoIterator<Item = Detection>>(&mut self, detections: I) {
        detections.into_iter().for_each(|detection| self.push(detection));
    }
}

impl ToReport for Detections {
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let row = |d: Detection| ReportedPrediction {
            xyxy: Some(d.xyxy),
            ..context.prediction(d.class_id, d.confidence)
        };
        context.report(Task::ObjectDetection, self.image_size, self.iter().map(row).collect())
    }
}

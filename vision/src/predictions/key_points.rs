use serde::{Deserialize, Serialize};

use super::{Report, ReportContext, ReportedPrediction, ToReport};
use crate::{Size, Task};

/// Pairs of key point indices that are drawn as lines.
pub type Skeleton = Vec<(usize, usize)>;

/// One key point of one instance.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct KeyPoint {
    /// Column, in pixels.
    pub x: f32,
    /// Row, in pixels.
    pub y: f32,
    /// Score in 0..=1; 0 if the point was not found.
    pub confidence: f32,
}

/// The instances found in one picture and the key points of each; the lists run in parallel.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct KeyPoints {
    /// The picture's size.
    pub image_size: Size,
    /// Index into the model's class names.
    pub class_id: Vec<usize>,
    /// Score of each instance, in 0..=1.
    pub confidence: Vec<f32>,
    /// Boxes `[x_min, y_min, x_max, y_max]`.
    pub xyxy: Vec<[f32; 4]>,
    /// The points of each instance, in the order of its class's point names.
    pub points: Vec<Vec<KeyPoint>>,
    /// For each point its covariance in square pixels, `[[xx, xy], [yx, yy]]`, NaN where it is
    /// unknown; absent if the model gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covariance: Option<Vec<Vec<[[f32; 2]; 2]>>>,
}

impl KeyPoints {
    /// No instances in a picture of this size.
    pub fn new(image_size: Size) -> Self {
        Self { image_size, ..Self::default() }
    }

    /// The number of instances.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The points in whole pixels, halves rounded to even, as `inference-models` reports them.
    pub fn rounded(&self) -> Vec<Vec<[i32; 2]>> {
        let round = |p: &KeyPoint| [p.x, p.y].map(|v| v.round_ties_even() as i32);
        self.points.iter().map(|points| points.iter().map(round).collect()).collect()
    }
}

impl ToReport for KeyPoints {
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let row = |i: usize| ReportedPrediction {
            xyxy: self.xyxy.get(i).copied(),
            keypoints: Some(self.points[i].iter().map(|p| [p.x, p.y, p.confidence]).collect()),
            ..context.prediction(self.class_id[i], self.confidence[i])
        };
        let rows = (0..self.len().min(self.class_id.len()).min(self.confidence.len())).map(row);
        context.report(Task::KeyPointDetection, self.image_size, rows.collect())
    }
}

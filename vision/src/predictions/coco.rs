use serde::{Deserialize, Serialize};

use super::{Detections, InstanceDetections, KeyPoints};
use crate::{Rle, boxes};

/// One row of a COCO results file (a JSON array of these).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CocoResult {
    /// The picture's id in the annotation file.
    pub image_id: u64,
    /// The category's id in the annotation file.
    pub category_id: u64,
    /// The box `[x, y, width, height]` in pixels.
    pub bbox: [f32; 4],
    /// Score in 0..=1.
    pub score: f32,
    /// The mask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segmentation: Option<Rle>,
    /// The points, flat: x, y, confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keypoints: Option<Vec<f32>>,
}

/// Predictions that have a COCO results form.
pub trait ToCoco {
    /// The rows of one picture; `category_id` gives the category of a class id.
    fn to_coco(&self, image_id: u64, category_id: &dyn Fn(usize) -> u64) -> Vec<CocoResult>;
}

impl ToCoco for Detections {
    fn to_coco(&self, image_id: u64, category_id: &dyn Fn(usize) -> u64) -> Vec<CocoResult> {
        let row = |d: super::Detection| CocoResult {
            image_id,
            category_id: category_id(d.class_id),
            bbox: boxes::xyxy_to_xywh(d.xyxy),
            score: d.confidence,
            segmentation: None,
            keypoints: None,
        };
        self.iter().map(row).collect()
    }
}

impl ToCoco for InstanceDetections {
    fn to_coco(&self, image_id: u64, category_id: &dyn Fn(usize) -> u64) -> Vec<CocoResult> {
        let mut rows = self.detections.to_coco(image_id, category_id);
        for (i, row) in rows.iter_mut().enumerate() {
            row.segmentation = self.masks.rle(i);
        }
        rows
    }
}

impl ToCoco for KeyPoints {
    fn to_coco(&self, image_id: u64, category_id: &dyn Fn(usize) -> u64) -> Vec<CocoResult> {
        let detections = Detections {
            image_size: self.image_size,
            xyxy: self.xyxy.clone(),
            class_id: self.class_id.clone(),
            confidence: self.confidence.clone(),
        };
        let mut rows = detections.to_coco(image_id, category_id);
        for (row, points) in rows.iter_mut().zip(&self.points) {
            row.keypoints = Some(points.iter().flat_map(|p| [p.x, p.y, p.confidence]).collect());
        }
        rows
    }
}

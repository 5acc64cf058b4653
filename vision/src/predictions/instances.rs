use serde::{Deserialize, Serialize};

use super::{Detection, Detections, Report, ReportContext, ToReport};
use crate::{MaskFormat, Masks, Rle, Size, Task};

/// The objects found in one picture and the mask of each.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct InstanceDetections {
    /// Boxes, classes and scores.
    pub detections: Detections,
    /// One mask an object, at the picture's size.
    pub masks: Masks,
}

/// One object of [`InstanceDetections`].
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceDetection {
    /// Box, class and score.
    pub detection: Detection,
    /// The mask, at the picture's size.
    pub mask: Rle,
}

impl InstanceDetections {
    /// No objects in a picture of this size.
    pub fn new(image_size: Size, format: MaskFormat) -> Self {
        Self { detections: Detections::new(image_size), masks: Masks::empty(format) }
    }

    /// The number of objects.
    pub fn len(&self) -> usize {
        self.detections.len()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.detections.is_empty()
    }

    /// The objects, one by one, their masks as run lengths.
    pub fn iter(&self) -> impl Iterator<Item = InstanceDetection> {
        self.detections.iter().enumerate().filter_map(|(i, detection)| {
            self.masks.rle(i).map(|mask| InstanceDetection { detection, mask })
        })
    }
}

impl ToReport for InstanceDetections {
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let mut report = self.detections.report(context);
        report.task = Task::InstanceSegmentation;
        for (i, prediction) in report.predictions.iter_mut().enumerate() {
            prediction.mask = self.masks.rle(i);
        }
        report
    }
}

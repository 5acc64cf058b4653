use serde::{Deserialize, Serialize};

use crate::{Rle, Size, Task};

/// One picture's predictions in the form that is written as JSON, one object a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The picture's name.
    pub image: String,
    /// Its width in pixels.
    pub width: usize,
    /// Its height in pixels.
    pub height: usize,
    /// The model's name.
    pub model: String,
    /// What was asked of the model.
    pub task: Task,
    /// The answers.
    pub predictions: Vec<ReportedPrediction>,
    /// For depth: the smallest and the largest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth_range: Option<[f32; 2]>,
    /// The picture as a vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Vec<f32>>,
}

impl Report {
    /// The report as one line of JSON, without the line's end.
    ///
    /// # Errors
    /// If a string cannot be written, which does not happen.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// One answer of a [`Report`]; what a task does not give is left out.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReportedPrediction {
    /// Index into the model's class names.
    pub class_id: usize,
    /// The class's name.
    pub class_name: String,
    /// Score in 0..=1.
    pub confidence: f32,
    /// The box `[x_min, y_min, x_max, y_max]` in pixels of the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xyxy: Option<[f32; 4]>,
    /// The mask at the picture's size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<Rle>,
    /// The points `[x, y, confidence]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keypoints: Option<Vec<[f32; 3]>>,
    /// The rotated box: centre x and y, width, height in pixels, angle in radians.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub xywhr: Option<[f32; 5]>,
    /// The rotated box's corners `[x, y]`, around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub polygon: Option<[[f32; 2]; 4]>,
}

/// What a report says besides the prediction itself.
#[derive(Debug, Clone, Copy)]
pub struct ReportContext<'a> {
    /// The picture's name.
    pub image: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// The model's class names.
    pub class_names: &'a [String],
}

impl ReportContext<'_> {
    /// A prediction with the class's name looked up; a class without a name is called by its number.
    pub(super) fn prediction(&self, class_id: usize, confidence: f32) -> ReportedPrediction {
        let name = self.class_names.get(class_id).cloned();
        let class_name = name.unwrap_or_else(|| class_id.to_string());
        ReportedPrediction { class_id, class_name, confidence, ..ReportedPrediction::default() }
    }

    pub(super) fn report(
        &self,
        task: Task,
        size: Size,
        predictions: Vec<ReportedPrediction>,
    ) -> Report {
        Report {
            image: self.image.to_owned(),
            width: size.width,
            height: size.height,
            model: self.model.to_owned(),
            task,
            predictions,
            depth_range: None,
            embedding: None,
        }
    }
}

/// A prediction that can be written as a [`Report`].
pub trait ToReport {
    /// The report of this prediction.
    fn report(&self, context: &ReportContext<'_>) -> Report;
}

use serde::{Deserialize, Serialize};

use super::{Report, ReportContext, ToReport};
use crate::{Size, Task, top_k};

/// Classes named in a report of a classification.
const REPORTED: usize = 5;

/// The class of one picture.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ClassificationPrediction {
    /// The picture's size.
    pub image_size: Size,
    /// The most probable class: index into the model's class names.
    pub class_id: usize,
    /// The probability of every class; they add up to 1.
    pub confidence: Vec<f32>,
}

impl ClassificationPrediction {
    /// The `count` most probable classes and their probabilities, most probable first.
    pub fn top(&self, count: usize) -> Vec<(usize, f32)> {
        top_k(&self.confidence, count)
    }
}

impl ToReport for ClassificationPrediction {
    /// Names the five most probable classes, of those that are possible at all.
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let rows = self.top(REPORTED).into_iter().filter(|&(_, confidence)| confidence > 0.0);
        let rows = rows.map(|(class, confidence)| context.prediction(class, confidence)).collect();
        context.report(Task::Classification, self.image_size, rows)
    }
}

/// The labels of one picture, any number of which may hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct MultiLabelClassificationPrediction {
    /// The picture's size.
    pub image_size: Size,
    /// The classes at or over the threshold: indices into the model's class names, ascending.
    pub class_ids: Vec<usize>,
    /// The score of every class, each in 0..=1.
    pub confidence: Vec<f32>,
}

impl MultiLabelClassificationPrediction {
    /// The labels and their scores, by ascending class id.
    pub fn labels(&self) -> Vec<(usize, f32)> {
        let score = |class: usize| self.confidence.get(class).copied().unwrap_or(0.0);
        self.class_ids.iter().map(|&class| (class, score(class))).collect()
    }
}

impl ToReport for MultiLabelClassificationPrediction {
    fn report(&self, context: &ReportContext<'_>) -> Report {
        let rows = self.labels().into_iter();
        let rows = rows.map(|(class, confidence)| context.prediction(class, confidence));
        context.report(Task::MultiLabelClassification, self.image_size, rows.collect())
    }
}

//! What was found, whatever the task.

use ocelli_vision::{
    ClassificationPrediction, DepthMap, Detections, Embedding, InstanceDetections, KeyPoints,
    MultiLabelClassificationPrediction, OrientedDetections, Report, ReportContext,
    SemanticSegmentation, ToReport,
};

/// What a model found in one picture.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Prediction {
    /// Boxes.
    Detections(Detections),
    /// Rotated boxes.
    Oriented(OrientedDetections),
    /// Boxes and masks.
    Instances(InstanceDetections),
    /// Boxes and key points.
    KeyPoints(KeyPoints),
    /// A class for every pixel.
    Semantic(SemanticSegmentation),
    /// The picture's class.
    Classification(ClassificationPrediction),
    /// The picture's labels.
    MultiLabel(MultiLabelClassificationPrediction),
    /// A depth for every pixel.
    Depth(DepthMap),
    /// The picture as a vector.
    Embedding(Embedding),
}

impl Prediction {
    /// Boxes, if that is what the model finds.
    pub fn as_detections(&self) -> Option<&Detections> {
        match self {
            Prediction::Detections(found) => Some(found),
            _ => None,
        }
    }

    /// Rotated boxes, if that is what the model finds.
    pub fn as_oriented(&self) -> Option<&OrientedDetections> {
        match self {
            Prediction::Oriented(found) => Some(found),
            _ => None,
        }
    }

    /// Boxes and masks, if that is what the model finds.
    pub fn as_instances(&self) -> Option<&InstanceDetections> {
        match self {
            Prediction::Instances(found) => Some(found),
            _ => None,
        }
    }

    /// Boxes and key points, if that is what the model finds.
    pub fn as_key_points(&self) -> Option<&KeyPoints> {
        match self {
            Prediction::KeyPoints(found) => Some(found),
            _ => None,
        }
    }

    /// A class for every pixel, if that is what the model finds.
    pub fn as_semantic(&self) -> Option<&SemanticSegmentation> {
        match self {
            Prediction::Semantic(found) => Some(found),
            _ => None,
        }
    }

    /// The picture's class, if that is what the model finds.
    pub fn as_classification(&self) -> Option<&ClassificationPrediction> {
        match self {
            Prediction::Classification(found) => Some(found),
            _ => None,
        }
    }

    /// The picture's labels, if that is what the model finds.
    pub fn as_multi_label(&self) -> Option<&MultiLabelClassificationPrediction> {
        match self {
            Prediction::MultiLabel(found) => Some(found),
            _ => None,
        }
    }

    /// A depth for every pixel, if that is what the model finds.
    pub fn as_depth(&self) -> Option<&DepthMap> {
        match self {
            Prediction::Depth(found) => Some(found),
            _ => None,
        }
    }

    /// The picture as a vector, if that is what the model makes of it.
    pub fn as_embedding(&self) -> Option<&Embedding> {
        match self {
            Prediction::Embedding(found) => Some(found),
            _ => None,
        }
    }

    /// The number of objects, of classes in a semantic segmentation, or of labels; 1 for a classification, for a depth
    /// map and for a vector.
    pub fn len(&self) -> usize {
        match self {
            Prediction::Detections(found) => found.len(),
            Prediction::Oriented(found) => found.len(),
            Prediction::Instances(found) => found.len(),
            Prediction::KeyPoints(found) => found.len(),
            Prediction::Semantic(found) => found.classes().len(),
            Prediction::MultiLabel(found) => found.class_ids.len(),
            Prediction::Classification(_) | Prediction::Depth(_) | Prediction::Embedding(_) => 1,
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl ToReport for Prediction {
    fn report(&self, context: &ReportContext<'_>) -> Report {
        match self {
            Prediction::Detections(found) => found.report(context),
            Prediction::Oriented(found) => found.report(context),
            Prediction::Instances(found) => found.report(context),
            Prediction::KeyPoints(found) => found.report(context),
            Prediction::Semantic(found) => found.report(context),
            Prediction::Classification(found) => found.report(context),
            Prediction::MultiLabel(found) => found.report(context),
            Prediction::Depth(found) => found.report(context),
            Prediction::Embedding(found) => found.report(context),
        }
    }
}

//! What models answer, in pixels of the original picture: origin top left, x right, y down.

mod classification;
mod coco;
mod dense;
mod detections;
mod embeddings;
mod instances;
mod key_points;
mod oriented;
mod report;

pub use classification::{ClassificationPrediction, MultiLabelClassificationPrediction};
pub use coco::{CocoResult, ToCoco};
pub use dense::{DepthMap, SemanticSegmentation};
pub use detections::{Detection, Detections};
pub use embeddings::{Embedding, Embeddings};
pub use instances::{InstanceDetection, InstanceDetections};
pub use key_points::{KeyPoint, KeyPoints, Skeleton};
pub use oriented::{OrientedDetection, OrientedDetections};
pub use report::{Report, ReportContext, ReportedPrediction, ToReport};

#[cfg(test)]
mod tests;

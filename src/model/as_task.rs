//! A loaded model as the trait of its task.

use ocelli_models::AnyModel;
use ocelli_vision::{
    ClassificationModel, DepthEstimationModel, ImageEmbeddingModel, InstanceSegmentationModel,
    KeyPointsDetectionModel, MultiLabelClassificationModel, ObjectDetectionModel,
    OrientedObjectDetectionModel, SemanticSegmentationModel, Task, TextImageEmbeddingModel,
};

use super::AutoModel;
use crate::{Error, LoadingError, task_name};

impl AutoModel {
    /// The model as a detector of objects.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_object_detection(&self) -> Result<&dyn ObjectDetectionModel, Error> {
        match &self.model {
            AnyModel::ObjectDetection(model) => Ok(&**model),
            _ => self.other_task(Task::ObjectDetection),
        }
    }

    /// The model as a detector of objects with rotated boxes.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_oriented_object_detection(&self) -> Result<&dyn OrientedObjectDetectionModel, Error> {
        match &self.model {
            AnyModel::OrientedObjectDetection(model) => Ok(&**model),
            _ => self.other_task(Task::OrientedObjectDetection),
        }
    }

    /// The model as a detector of objects with masks.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_instance_segmentation(&self) -> Result<&dyn InstanceSegmentationModel, Error> {
        match &self.model {
            AnyModel::InstanceSegmentation(model) => Ok(&**model),
            _ => self.other_task(Task::InstanceSegmentation),
        }
    }

    /// The model as a detector of key points.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_key_points_detection(&self) -> Result<&dyn KeyPointsDetectionModel, Error> {
        match &self.model {
            AnyModel::KeyPointsDetection(model) => Ok(&**model),
            _ => self.other_task(Task::KeyPointDetection),
        }
    }

    /// The model as a segmenter of whole pictures.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_semantic_segmentation(&self) -> Result<&dyn SemanticSegmentationModel, Error> {
        match &self.model {
            AnyModel::SemanticSegmentation(model) => Ok(&**model),
            _ => self.other_task(Task::SemanticSegmentation),
        }
    }

    /// The model as a classifier of pictures.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_classification(&self) -> Result<&dyn ClassificationModel, Error> {
        match &self.model {
            AnyModel::Classification(model) => Ok(&**model),
            _ => self.other_task(Task::Classification),
        }
    }

    /// The model as one that labels pictures.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_multi_label_classification(
        &self,
    ) -> Result<&dyn MultiLabelClassificationModel, Error> {
        match &self.model {
            AnyModel::MultiLabelClassification(model) => Ok(&**model),
            _ => self.other_task(Task::MultiLabelClassification),
        }
    }

    /// The model as an estimator of depth.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_depth_estimation(&self) -> Result<&dyn DepthEstimationModel, Error> {
        match &self.model {
            AnyModel::DepthEstimation(model) => Ok(&**model),
            _ => self.other_task(Task::DepthEstimation),
        }
    }

    /// The model as one that makes pictures vectors.
    ///
    /// # Errors
    /// It has another task.
    pub fn as_embedding(&self) -> Result<&dyn ImageEmbeddingModel, Error> {
        match &self.model {
            AnyModel::Embedding(model) => Ok(&**model),
            AnyModel::TextImageEmbedding(model) => Ok(&**model),
            _ => self.other_task(Task::Embedding),
        }
    }

    /// The model as one that makes pictures and texts vectors of one space.
    ///
    /// # Errors
    /// It has another task, or reads no texts.
    pub fn as_text_image_embedding(&self) -> Result<&dyn TextImageEmbeddingModel, Error> {
        match &self.model {
            AnyModel::TextImageEmbedding(model) => Ok(&**model),
            AnyModel::Embedding(_) => Err(LoadingError::InvalidOption {
                option: "text",
                value: self.info.name.clone(),
                reason: format!("{} makes vectors of pictures alone", self.info.architecture),
            }
            .into()),
            _ => self.other_task(Task::Embedding),
        }
    }

    fn other_task<T>(&self, asked: Task) -> Result<T, Error> {
        Err(LoadingError::InvalidOption {
            option: "task",
            value: task_name(asked),
            reason: format!("{} does {}", self.info.name, task_name(self.task())),
        }
        .into())
    }
}

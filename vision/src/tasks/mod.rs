//! What a model can be asked to do, as traits that a `dyn` reference can stand for.
//!
//! Every model turns pictures into an input tensor and the tensor into raw outputs
//! ([`VisionModel`]); each task adds how the outputs are read, and `infer`, which is the three
//! stages in order.

mod options;

pub use options::{InferOptions, PostProcessOptions, PreProcessOptions, PreProcessingOverrides};

use serde::{Deserialize, Serialize};

use crate::{
    ClassificationPrediction, DepthMap, Detections, Embedding, Embeddings, Image,
    InstanceDetections, KeyPoints, MultiLabelClassificationPrediction, OrientedDetections,
    PreProcessed, PreProcessingMetadata, RawOutputs, Result, SemanticSegmentation, Skeleton,
    Tensor,
};

/// A task, spelled as package files spell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum Task {
    ObjectDetection,
    OrientedObjectDetection,
    InstanceSegmentation,
    SemanticSegmentation,
    #[serde(rename = "keypoint-detection")]
    KeyPointDetection,
    Classification,
    MultiLabelClassification,
    Embedding,
    DepthEstimation,
    StructuredOcr,
    TextOnlyOcr,
    GazeDetection,
    OpenVocabularyObjectDetection,
    InteractiveInstanceSegmentation,
    Vlm,
    WorldModel,
}

/// The two stages that all models share.
///
/// Calls from several threads run side by side: `forward` takes `&self` and holds no lock.
pub trait VisionModel: Send + Sync {
    /// Names by class id; empty for a model without classes.
    fn class_names(&self) -> &[String];

    /// Pictures, of one size or several, to the network's input `[n, h, w, 3]` and what is needed
    /// to lead its answers back to each picture.
    ///
    /// # Errors
    /// If a picture or an option does not suit the model.
    fn pre_process(&self, images: &[Image], options: &PreProcessOptions) -> Result<PreProcessed>;

    /// The network: input `[n, h, w, 3]` to named outputs, whose first extent is `n`.
    ///
    /// # Errors
    /// If the input has another shape, or the network cannot be run.
    fn forward(&self, input: &Tensor) -> Result<RawOutputs>;
}

/// A task trait: how raw outputs are read, and the three stages in order.
macro_rules! task {
    ($(#[$doc:meta])* $name:ident -> $prediction:ty { $($extra:item)* }) => {
        $(#[$doc])*
        pub trait $name: VisionModel {
            $($extra)*

            /// Raw outputs to one prediction a picture.
            ///
            /// # Errors
            /// If an output is missing or has another shape, or an option is out of range.
            fn post_process(
                &self,
                outputs: &RawOutputs,
                metadata: &[PreProcessingMetadata],
                options: &PostProcessOptions,
            ) -> Result<Vec<$prediction>>;

            /// Pictures to one prediction each, in order.
            ///
            /// # Errors
            /// As the three stages.
            fn infer(&self, images: &[Image], options: &InferOptions) -> Result<Vec<$prediction>> {
                if images.is_empty() {
                    return Ok(Vec::new());
                }
                let ready = self.pre_process(images, &options.pre_process)?;
                let outputs = self.forward(&ready.input)?;
                self.post_process(&outputs, &ready.metadata, &options.post_process)
            }
        }
    };
}

task! {
    /// Finds objects and says where they are, as boxes.
    ObjectDetectionModel -> Detections {}
}

task! {
    /// Finds objects and says where they are, as rotated boxes.
    OrientedObjectDetectionModel -> OrientedDetections {}
}

task! {
    /// Finds objects and the pixels of each.
    InstanceSegmentationModel -> InstanceDetections {}
}

task! {
    /// Finds instances and their key points.
    KeyPointsDetectionModel -> KeyPoints {
        /// The names of the points of each class.
        fn key_points_classes(&self) -> &[Vec<String>];

        /// The lines between points to draw for each class.
        fn skeletons(&self) -> &[Skeleton];
    }
}

task! {
    /// Gives every pixel a class.
    SemanticSegmentationModel -> SemanticSegmentation {}
}

task! {
    /// Gives the picture one class.
    ClassificationModel -> ClassificationPrediction {}
}

task! {
    /// Gives the picture any number of labels.
    MultiLabelClassificationModel -> MultiLabelClassificationPrediction {}
}

task! {
    /// Gives every pixel a relative depth.
    DepthEstimationModel -> DepthMap {}
}

task! {
    /// Makes the picture a vector, so that alike pictures are near each other.
    ImageEmbeddingModel -> Embedding {}
}

/// Finds objects of classes that are named with the call.
pub trait OpenVocabularyObjectDetectionModel: Send + Sync {
    /// Pictures to one prediction each; a class id indexes `classes`.
    ///
    /// # Errors
    /// If a picture, a class or an option does not suit the model, or the network cannot be run.
    fn infer(
        &self,
        images: &[Image],
        classes: &[String],
        options: &InferOptions,
    ) -> Result<Vec<Detections>>;
}

/// Puts pictures and texts into one vector space.
pub trait TextImageEmbeddingModel: ImageEmbeddingModel {
    /// One vector a text, as the model gives it.
    ///
    /// # Errors
    /// If the model cannot read texts, one is too long for it, or the network cannot be run.
    fn embed_text(&self, texts: &[String]) -> Result<Embeddings>;

    /// What cosines are multiplied by before the softmax over texts.
    fn logit_scale(&self) -> f32;

    /// One vector a picture, as the model gives it; the network sees at most 32 pictures at once.
    ///
    /// # Errors
    /// As [`ImageEmbeddingModel::infer`].
    fn embed_images(&self, images: &[Image], options: &InferOptions) -> Result<Embeddings> {
        let mut all = Embeddings::default();
        for images in images.chunks(MAX_BATCH) {
            for one in self.infer(images, options)? {
                all.dimensions = one.values.len();
                all.values.extend(one.values);
            }
        }
        Ok(all)
    }

    /// The cosines of each of `x` with each of `y`.
    ///
    /// # Errors
    /// If the vectors differ in length.
    fn compare_embeddings(&self, x: &Embeddings, y: &Embeddings) -> Result<Vec<Vec<f32>>> {
        x.cosine(y)
    }
}

/// The most pictures or texts that embedding models see at once.
pub const MAX_BATCH: usize = 32;

#[cfg(test)]
mod tests;

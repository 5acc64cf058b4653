//! The loaded model of any architecture and task.

mod as_task;
mod class_filter;
mod options;
mod prediction;
mod zero_shot;

use std::sync::Arc;

use ocelli_engine::Program;
use ocelli_models::AnyModel;
use ocelli_vision::{
    Image, InferOptions, PostProcessOptions, PreProcessingMetadata, RawOutputs, Size, Task, Tensor,
    VisionModel,
};

pub use class_filter::ClassFilter;
pub use options::AutoModelOptions;
pub use prediction::Prediction;
pub use zero_shot::ZeroShot;

use crate::Error;
use crate::executor::Recording;

/// A model that was found, recognised, loaded and compiled from a name, an address or a path.
///
/// It can be shared between threads; calls run side by side.
pub struct AutoModel {
    model: AnyModel,
    info: ModelInfo,
    recording: Arc<Recording>,
}

/// What was found out about a model as it was loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// What it was loaded as: a known name, else the name of the file or folder.
    pub name: String,
    /// The architecture.
    pub architecture: String,
    /// The task.
    pub task: Task,
    /// For which backend the weights were made.
    pub backend: String,
    /// The variant.
    pub variant: String,
    /// The network's input.
    pub resolution: Size,
    /// Tensors of the checkpoint that no layer asked for and that are not known to be of no use.
    pub unused_tensors: Vec<String>,
}

impl AutoModel {
    /// Loads a model with the default options: see [`AutoModelOptions::from_pretrained`].
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_pretrained(source: &str) -> Result<AutoModel, Error> {
        Self::options().from_pretrained(source)
    }

    /// Options to load a model with.
    pub fn options() -> AutoModelOptions {
        AutoModelOptions::default()
    }

    /// What was found out as it was loaded.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Its task.
    pub fn task(&self) -> Task {
        self.model.task()
    }

    /// Names by class id.
    pub fn class_names(&self) -> &[String] {
        self.vision().class_names()
    }

    /// What was found in each picture, in order: all three stages.
    ///
    /// # Errors
    /// A picture or an option does not suit the model, or the network fails.
    pub fn infer(
        &self,
        images: &[Image],
        options: &InferOptions,
    ) -> Result<Vec<Prediction>, Error> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let ready = self.vision().pre_process(images, &options.pre_process)?;
        let outputs = self.vision().forward(&ready.input)?;
        self.post_process(&outputs, &ready.metadata, &options.post_process)
    }

    /// What was found in one picture.
    ///
    /// # Errors
    /// As [`AutoModel::infer`].
    pub fn predict(&self, image: &Image, options: &InferOptions) -> Result<Prediction, Error> {
        let found = self.infer(std::slice::from_ref(image), options)?.pop();
        found.ok_or_else(|| Error::Application("the model gave no answer for a picture".into()))
    }

    /// The last stage: raw outputs to one prediction a picture. The first two are [`AutoModel::vision`]'s.
    ///
    /// # Errors
    /// An output is missing or has another shape, or an option is out of range.
    pub fn post_process(
        &self,
        outputs: &RawOutputs,
        metadata: &[PreProcessingMetadata],
        options: &PostProcessOptions,
    ) -> Result<Vec<Prediction>, Error> {
        fn all<T>(found: Vec<T>, wrap: fn(T) -> Prediction) -> Vec<Prediction> {
            found.into_iter().map(wrap).collect()
        }
        Ok(match &self.model {
            AnyModel::ObjectDetection(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Detections)
            }
            AnyModel::OrientedObjectDetection(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Oriented)
            }
            AnyModel::InstanceSegmentation(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Instances)
            }
            AnyModel::KeyPointsDetection(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::KeyPoints)
            }
            AnyModel::SemanticSegmentation(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Semantic)
            }
            AnyModel::Classification(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Classification)
            }
            AnyModel::MultiLabelClassification(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::MultiLabel)
            }
            AnyModel::DepthEstimation(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Depth)
            }
            AnyModel::Embedding(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Embedding)
            }
            AnyModel::TextImageEmbedding(model) => {
                all(model.post_process(outputs, metadata, options)?, Prediction::Embedding)
            }
            _ => return Err(Error::Application("the model does a task that is not known".into())),
        })
    }

    /// What all tasks share: class names, pre-processing, the network.
    pub fn vision(&self) -> &dyn VisionModel {
        self.model.vision()
    }

    /// The model as the trait of its task.
    pub fn as_any_model(&self) -> &AnyModel {
        &self.model
    }

    /// The compiled network for inputs `[n, h, w, c]` alone, to be measured.
    ///
    /// # Errors
    /// The network cannot be compiled or run for this shape.
    pub fn program(&self, shape: [usize; 4]) -> Result<Arc<dyn Program>, Error> {
        if let Some(program) = self.recording.find(&shape) {
            return Ok(program);
        }
        let values = vec![0.0; shape.iter().product()];
        self.vision().forward(&Tensor::new(shape.to_vec(), values)?)?;
        let compiled = self.recording.find(&shape);
        compiled.ok_or_else(|| Error::Application("the model compiled no network".into()))
    }
}

impl std::fmt::Debug for AutoModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("AutoModel").field(&self.info).finish()
    }
}

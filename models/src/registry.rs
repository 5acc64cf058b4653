//! Which models there are, as data, and what loading one takes and gives.

use std::sync::Arc;

use ocelli_converters::StateDict;
use ocelli_engine::Executor;
use ocelli_vision::config::InferenceConfig;
use ocelli_vision::{
    ClassificationModel, DepthEstimationModel, ImageEmbeddingModel, InstanceSegmentationModel,
    KeyPointsDetectionModel, KeyPointsMetadata, MultiLabelClassificationModel,
    ObjectDetectionModel, OrientedObjectDetectionModel, RecommendedParameters,
    SemanticSegmentationModel, Size, Task, TextImageEmbeddingModel, VisionModel,
};
use serde_json::{Map, Value};

use crate::tokenizer::Vocabulary;
use crate::{Error, FAMILIES, Result};

/// An architecture and all that can be done with it: each task with weights of each backend.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name in packages.
    pub architecture: &'static str,
    /// What it does.
    pub tasks: &'static [Task],
    /// For which backends the weights may have been made: `torch`, `onnx`, `torch-script`, `hugging-face`.
    pub backends: &'static [&'static str],
    /// Features of packages that it understands.
    pub features: &'static [&'static str],
    /// The task of a checkpoint that has this architecture; nothing for others.
    pub recognise: fn(&StateDict) -> Option<Task>,
    /// Loads it.
    pub load: fn(&LoadRequest) -> Result<Loaded>,
}

/// What a model is loaded from.
#[derive(Clone)]
pub struct LoadRequest {
    /// The weights' file.
    pub weights: StateDict,
    /// What a package says beside them; nothing for a file on its own.
    pub package: Option<Package>,
    /// What the caller wants.
    pub options: LoadOptions,
    /// What it is to run on.
    pub executor: Arc<dyn Executor>,
}

/// The files of a package beside its weights, read and not yet understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Package {
    /// The lines of `class_names.txt`.
    pub class_names: Vec<String>,
    /// The text of `inference_config.json`.
    pub inference_config: Option<String>,
    /// The text of `keypoints_metadata.json`.
    pub keypoints_metadata: Option<String>,
    /// The name in `model_type.json`.
    pub model_type: Option<String>,
    /// The text of a Hugging Face folder's `config.json`.
    pub config: Option<String>,
    /// The text of its `preprocessor_config.json`.
    pub preprocessor_config: Option<String>,
    /// The `model_features` of `model_config.json`.
    pub features: Map<String, Value>,
    /// What `model_config.json` recommends.
    pub recommended: Option<RecommendedParameters>,
    /// How texts become numbers, for models that read texts.
    pub vocabulary: Option<Vocabulary>,
}

/// What a caller may want of a model at load; the default takes everything from checkpoint and package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadOptions {
    /// The variant's id, `rfdetr-nano` for instance.
    pub model_type: Option<String>,
    /// The task, where the weights fit several.
    pub task: Option<Task>,
    /// Names by class id.
    pub class_names: Option<Vec<String>>,
    /// The network's input.
    pub resolution: Option<Size>,
    /// Which of the weights in a training checkpoint.
    pub weights: WeightChoice,
    /// How pictures become the network's input.
    pub preparation: Preparation,
    /// Whether a head that has two branches answers with the one that needs no suppression; nothing for what trainer or
    /// package do.
    pub end_to_end: Option<bool>,
    /// How texts become numbers, for models that read texts, in place of the package's.
    pub vocabulary: Option<Vocabulary>,
}

/// Which weights of a training checkpoint are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightChoice {
    /// Those that the trainer would use.
    #[default]
    Model,
    /// Their moving average, which must be there.
    Average,
}

/// Whose way of preparing pictures is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preparation {
    /// The trainer's for a checkpoint, the package's for a package.
    #[default]
    Automatic,
    /// As the training library predicts.
    Trainer,
    /// As packages of the model are served.
    Package,
}

impl Preparation {
    /// Whether it is the trainer's, of a package or of a checkpoint on its own.
    pub(crate) fn is_trainers(self, packaged: bool) -> bool {
        match self {
            Preparation::Automatic => !packaged,
            Preparation::Trainer => true,
            Preparation::Package => false,
        }
    }
}

/// A loaded model, and what was found out on the way.
pub struct Loaded {
    /// The model.
    pub model: AnyModel,
    /// Its variant's id.
    pub variant: String,
    /// The network's input.
    pub resolution: Size,
    /// The network's weights under its own names, as a package of this model has them.
    pub weights: StateDict,
    /// What a package of this model says of pre- and post-processing.
    pub config: InferenceConfig,
    /// What a package of this model says of key points; nothing for models without any.
    pub keypoints_metadata: Option<KeyPointsMetadata>,
    /// Tensors of the checkpoint that no layer asked for and that are not known to be of no use.
    pub unused: Vec<String>,
}

/// A model of any task.
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say it")]
pub enum AnyModel {
    ObjectDetection(Box<dyn ObjectDetectionModel>),
    InstanceSegmentation(Box<dyn InstanceSegmentationModel>),
    KeyPointsDetection(Box<dyn KeyPointsDetectionModel>),
    SemanticSegmentation(Box<dyn SemanticSegmentationModel>),
    OrientedObjectDetection(Box<dyn OrientedObjectDetectionModel>),
    Classification(Box<dyn ClassificationModel>),
    MultiLabelClassification(Box<dyn MultiLabelClassificationModel>),
    DepthEstimation(Box<dyn DepthEstimationModel>),
    Embedding(Box<dyn ImageEmbeddingModel>),
    TextImageEmbedding(Box<dyn TextImageEmbeddingModel>),
}

impl AnyModel {
    /// Its task.
    pub fn task(&self) -> Task {
        match self {
            AnyModel::ObjectDetection(_) => Task::ObjectDetection,
            AnyModel::InstanceSegmentation(_) => Task::InstanceSegmentation,
            AnyModel::KeyPointsDetection(_) => Task::KeyPointDetection,
            AnyModel::SemanticSegmentation(_) => Task::SemanticSegmentation,
            AnyModel::OrientedObjectDetection(_) => Task::OrientedObjectDetection,
            AnyModel::Classification(_) => Task::Classification,
            AnyModel::MultiLabelClassification(_) => Task::MultiLabelClassification,
            AnyModel::DepthEstimation(_) => Task::DepthEstimation,
            AnyModel::Embedding(_) | AnyModel::TextImageEmbedding(_) => Task::Embedding,
        }
    }

    /// What all tasks share: class names, pre-processing, the network.
    pub fn vision(&self) -> &dyn VisionModel {
        match self {
            AnyModel::ObjectDetection(model) => &**model,
            AnyModel::InstanceSegmentation(model) => &**model,
            AnyModel::KeyPointsDetection(model) => &**model,
            AnyModel::SemanticSegmentation(model) => &**model,
            AnyModel::OrientedObjectDetection(model) => &**model,
            AnyModel::Classification(model) => &**model,
            AnyModel::MultiLabelClassification(model) => &**model,
            AnyModel::DepthEstimation(model) => &**model,
            AnyModel::Embedding(model) => &**model,
            AnyModel::TextImageEmbedding(model) => &**model,
        }
    }
}

/// The family that does a task by an architecture, from weights of a backend.
///
/// # Errors
/// There is none.
pub fn find(architecture: &str, task: Task, backend: &str) -> Result<&'static Family> {
    let wanted = |f: &&Family| {
        f.architecture == architecture && f.tasks.contains(&task) && f.backends.contains(&backend)
    };
    let row = |f: &Family| format!("{} {:?} {:?}", f.architecture, f.tasks, f.backends);
    FAMILIES.iter().find(wanted).ok_or_else(|| Error::NoEntry {
        architecture: architecture.to_owned(),
        task,
        backend: backend.to_owned(),
        known: FAMILIES.iter().map(row).collect::<Vec<_>>().join(", "),
    })
}

/// The architecture and task that a checkpoint on its own shows.
pub fn recognise(weights: &StateDict) -> Option<(&'static Family, Task)> {
    FAMILIES.iter().find_map(|family| Some((family, (family.recognise)(weights)?)))
}

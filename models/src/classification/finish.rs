//! From a network and what stands beside its weights to a model.

use std::sync::Arc;

use ocelli_converters::{Format, StateDict};
use ocelli_engine::op::Activation;
use ocelli_engine::{Graph, Value, Weights};
use ocelli_vision::config::{ForwardPass, ImagePreProcessing, InferenceConfig, PostProcessing};
use ocelli_vision::{PreProcessor, Resampler, Size, Task};

use super::beside::{Beside, TRANSFORM};
use super::model::{Classifier, EMBEDDING, Prepare, SCORES};
use super::transform::Transform;
use crate::registry::{AnyModel, LoadRequest, Loaded, Preparation};
use crate::runtime::Runtime;
use crate::weights::CheckpointWeights;
use crate::{Error, Result};

/// Describes a network of the image `[n, h, w, 3]`.
type Describe =
    dyn Fn(&mut Graph, &Weights, Value) -> ocelli_engine::Result<Heads> + Send + Sync + 'static;

/// What a network makes of an image.
pub(crate) struct Heads {
    /// What its classifier sees, or would see, `[n, d]`.
    pub(crate) embedding: Value,
    /// Tokens `[n, t, d]`, if it works with such.
    pub(crate) tokens: Option<Value>,
    /// `[n, classes]`, if it has a classifier.
    pub(crate) logits: Option<Value>,
}

/// A network that was found in a checkpoint.
pub(crate) struct Plan {
    /// The variant's name.
    pub(crate) variant: String,
    /// The weights under the network's own names.
    pub(crate) weights: StateDict,
    /// Columns of the logits, if there is a classifier.
    pub(crate) classes: Option<usize>,
    /// How pictures are prepared for weights that nothing is said of.
    pub(crate) usual: Transform,
    /// The network.
    pub(crate) describe: Box<Describe>,
    /// What a package must say of the network besides, under a key of `model_initialization`.
    pub(crate) told: Option<(&'static str, serde_json::Value)>,
    /// Whether a tensor is known to have no part in answers; one that is not is an error.
    pub(crate) needless: fn(&str) -> bool,
    /// The score from which a label holds, unless something says otherwise.
    pub(crate) confidence: f32,
}

/// Makes a model of it that does the task that is asked for, or the one that the description names.
pub(crate) fn finish(request: &LoadRequest, beside: &Beside, plan: Plan) -> Result<Loaded> {
    let Plan { variant, weights, classes, usual, describe, told, needless, confidence } = plan;
    let package = request.package.as_ref();
    let task = beside.task(request.options.task, classes.is_some());
    check_task(beside, task, classes.is_some())?;
    let class_names = match classes.filter(|_| task != Task::Embedding) {
        Some(classes) => class_names(request, beside, classes)?,
        None => Vec::new(),
    };
    let mut transform = beside.transform(&usual)?;
    let packaged = match request.options.preparation {
        Preparation::Automatic | Preparation::Package => beside.inference.as_ref(),
        Preparation::Trainer => None,
    };
    let size = resolution(request, packaged, transform.crop);
    transform = transform.at(size);
    transform.check()?;
    let prepare = prepare(packaged, &transform, size)?;

    let source = Arc::new(CheckpointWeights::new(weights.clone()));
    let root = Weights::new(Arc::clone(&source) as _);
    let graph = {
        let root = root.clone();
        move |shape: [usize; 4]| {
            let mut g = Graph::new();
            let image = g.input("image", &shape)?;
            let heads = describe(&mut g, &root, image)?;
            outputs(&mut g, &heads, task);
            Ok(g)
        }
    };
    let runtime = Runtime::new(Arc::clone(&request.executor), graph);
    runtime.program([1, size.height, size.width, 3])?;
    let mut unused = source.unused(&root.used());
    unused.retain(|name| !needless(name));
    check_unused(&weights, &unused)?;

    let config = match &beside.inference {
        Some(config) => config.clone(),
        None => described(&variant, classes, &transform, task, told),
    };
    let recommended = package.and_then(|package| package.recommended.clone());
    let model = Box::new(Classifier { runtime, prepare, class_names, recommended, confidence });
    let model = match task {
        Task::MultiLabelClassification => AnyModel::MultiLabelClassification(model),
        Task::Embedding => AnyModel::Embedding(model),
        _ => AnyModel::Classification(model),
    };
    let resolution = size;
    Ok(Loaded { model, variant, resolution, weights, config, keypoints_metadata: None, unused })
}

/// The results that the task needs; vectors come with all tokens, where there are such.
fn outputs(g: &mut Graph, heads: &Heads, task: Task) {
    match (task, heads.logits) {
        (Task::MultiLabelClassification, Some(logits)) => {
            let scores = g.activation(logits, Activation::Sigmoid);
            g.output(SCORES, scores);
        }
        (Task::Classification, Some(logits)) => {
            let scores = g.softmax(logits);
            g.output(SCORES, scores);
        }
        _ => {
            g.output(EMBEDDING, heads.embedding);
            if let Some(tokens) = heads.tokens {
                g.output("tokens", tokens);
            }
        }
    }
}

/// That the network can do the task, and that the description's last step is the task's.
fn check_task(beside: &Beside, task: Task, classifies: bool) -> Result<()> {
    if task == Task::Embedding {
        return Ok(());
    }
    if !classifies {
        let reason = format!("{task:?} was asked for, and the weights hold no classifier");
        return Err(Error::BadOption { name: "task", reason });
    }
    let post = beside.inference.as_ref().map(|config| &config.post_processing);
    let needed = match (task, post) {
        (_, None)
        | (Task::Classification, Some(Some(PostProcessing::Softmax { .. })))
        | (Task::MultiLabelClassification, Some(Some(PostProcessing::Sigmoid { .. }))) => {
            return Ok(());
        }
        (Task::Classification, _) => "softmax",
        (Task::MultiLabelClassification, _) => "sigmoid",
        _ => {
            let reason = format!("{task:?} was asked for of a classifier");
            return Err(Error::BadOption { name: "task", reason });
        }
    };
    Err(Error::BadPackage(format!(
        "`inference_config.json`: post_processing is not the {needed} that {task:?} needs"
    )))
}

/// That every weight has its place: a network with one layer more is another network.
pub(crate) fn check_unused(weights: &StateDict, unused: &[String]) -> Result<()> {
    let Some(first) = unused.first() else { return Ok(()) };
    Err(Error::Unsupported {
        file: weights.file().to_owned(),
        what: format!("a network with `{first}` ({} tensors have no place)", unused.len()),
        hint: match weights.format() {
            Format::Onnx => "load the checkpoint, or export it without an optimiser".to_owned(),
            _ => "ask for the variant to be added".to_owned(),
        },
    })
}

fn class_names(request: &LoadRequest, beside: &Beside, classes: usize) -> Result<Vec<String>> {
    let given = request.options.class_names.clone();
    let said = given.or_else(|| beside.class_names(request.package.as_ref()));
    match said {
        None => Ok((0..classes).map(|i| format!("class{i}")).collect()),
        Some(names) if names.len() == classes => Ok(names),
        Some(names) => {
            let reason = format!("{} names for the {classes} classes of the network", names.len());
            Err(Error::BadOption { name: "labels", reason })
        }
    }
}

/// The input's size: what the caller asks for, else what the package says, else the trainer's.
fn resolution(request: &LoadRequest, packaged: Option<&InferenceConfig>, usual: Size) -> Size {
    let packaged = packaged.and_then(|config| config.network_input.training_input_size);
    request.options.resolution.or(packaged).unwrap_or(usual)
}

fn prepare(
    packaged: Option<&InferenceConfig>,
    transform: &Transform,
    size: Size,
) -> Result<Prepare> {
    let Some(config) = packaged else { return Ok(Prepare::Trainer(Box::new(transform.clone()))) };
    let (steps, mut input) = (config.image_pre_processing.clone(), config.network_input.clone());
    input.training_input_size = Some(size);
    let processor = PreProcessor::from_parts(steps, input, Resampler::OpenCv)?;
    Ok(Prepare::Package(Box::new(processor)))
}

/// What a package of weights without one says.
pub(crate) fn described(
    variant: &str,
    classes: Option<usize>,
    transform: &Transform,
    task: Task,
    told: Option<(&'static str, serde_json::Value)>,
) -> InferenceConfig {
    let told = told.map(|(key, value)| (key.to_owned(), value));
    let initialization = [
        ("num_classes".to_owned(), classes.unwrap_or(0).into()),
        ("model_name".to_owned(), variant.into()),
        (TRANSFORM.to_owned(), serde_json::to_value(transform).unwrap_or_default()),
    ];
    InferenceConfig {
        image_pre_processing: ImagePreProcessing::default(),
        network_input: transform.input(),
        forward_pass: ForwardPass::default(),
        post_processing: match task {
            Task::MultiLabelClassification => Some(PostProcessing::Sigmoid { fused: false }),
            Task::Classification => Some(PostProcessing::Softmax { fused: false }),
            _ => None,
        },
        model_initialization: Some(initialization.into_iter().chain(told).collect()),
        class_names_operations: None,
    }
}

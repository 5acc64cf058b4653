//! From a checkpoint or a package to a model.

use std::sync::Arc;

use ocelli_engine::{Graph, Weights};
use ocelli_vision::config::{ForwardPass, ImagePreProcessing, InferenceConfig, PostProcessing};
use ocelli_vision::{KeyPointsMetadata, Resampler, Size, Task};
use serde::Deserialize;

use super::checkpoint::Checkpoint;
use super::identify::{Identity, identify};
use super::manner::{layout, manner};
use super::model::{Points, Yolo};
use super::network::network;
use super::prepare::{Fit, Prepare, rounded_up};
use super::spec::Spec;
use crate::key_points::unnamed;
use crate::registry::{AnyModel, LoadOptions, LoadRequest, Loaded, Package};
use crate::runtime::Runtime;
use crate::served::{self, Classes, check_said, letterboxed, packaged};
use crate::weights::CheckpointWeights;
use crate::{Error, Result};

/// The input of training where nothing says it.
const SIDE: usize = 640;
/// The same, of classifiers.
const CLASSIFIER_SIDE: usize = 224;

/// Loads a model of any YOLO family and task.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let LoadRequest { weights, package, options, executor } = request;
    let checkpoint = Checkpoint::read(weights, options.weights).ok_or_else(|| {
        let reason = "it holds no sequence of numbered layers".to_owned();
        Error::NotThisModel { file: weights.file().to_owned(), architecture: "yolo", reason }
    })?;
    let inference = package.as_ref().map(letterboxed).transpose()?;
    let inference = inference.as_ref();
    let identity = match inference.map(layer_list).transpose()?.flatten() {
        Some(spec) => Identity::of(spec, None),
        None => identify(&checkpoint, None)?,
    };
    let Identity { architecture, variant, .. } = &identity;
    check_said(architecture, variant, options, package.as_ref(), weights.file())?;
    let trainer = options.preparation.is_trainers(inference.is_some());
    let end_to_end = end_to_end(&identity.spec, &checkpoint, options, !trainer);
    let spec = Spec { end_to_end: Some(end_to_end), ..identity.spec.clone() };

    let source = Arc::new(CheckpointWeights::new(checkpoint.weights.clone()));
    let root = Weights::new(Arc::clone(&source) as _);
    let stride = stride(&spec, &root, weights.file())?;
    let resolution = resolution(&checkpoint, &identity, options, inference, stride)?;
    let known = class_names(&identity, &checkpoint, options, package.as_ref())?;
    let classes = Classes::new(known, inference);
    let points = points(&identity, &classes, package.as_ref(), inference)?;

    let describe = {
        let root = root.clone();
        move |shape: [usize; 4]| graph(&spec, &root, shape)
    };
    let runtime = Runtime::new(Arc::clone(executor), describe);
    runtime.program([1, resolution.height, resolution.width, 3])?;
    let mut unused = source.unused(&root.used());
    unused.retain(|name| !checkpoint.needless(name));

    let manner = manner(&identity, trainer, inference, &checkpoint);
    let prepare = prepare(&identity, &checkpoint, resolution, stride, trainer, inference)?;
    let keypoints_metadata = (identity.task == Task::KeyPointDetection).then(|| {
        KeyPointsMetadata { names: points.names.clone(), skeletons: points.skeletons.clone() }
    });
    let recommended = package.as_ref().and_then(|package| package.recommended.clone());
    let layout = layout(&identity.spec, identity.task, &manner, &checkpoint);
    let model = Yolo { runtime, prepare, classes, recommended, manner, layout, points };
    let config = inference.cloned().unwrap_or_else(|| described(&identity, resolution, stride));
    Ok(Loaded {
        model: as_task(model, identity.task),
        variant: identity.variant,
        resolution,
        config,
        weights: checkpoint.weights,
        keypoints_metadata,
        unused,
    })
}

/// Whether the one-to-one branch answers, where there is one: of packages, as upstream exports them; of a trainer's file
/// only if asked for, as `ultralytics` has it since 8.4, which suppresses by default.
fn end_to_end(spec: &Spec, checkpoint: &Checkpoint, options: &LoadOptions, packaged: bool) -> bool {
    let head = spec.layers.last().map_or("", |layer| layer.module.as_str());
    let can = spec.end_to_end.unwrap_or(head == "v10Detect");
    can && options.end_to_end.or(checkpoint.facts.end_to_end).unwrap_or(packaged)
}

/// The key of `model_initialization` under which a package of ours has its layer list.
const LAYER_LIST: &str = "layer_list";

/// The layer list of a package that was made from a checkpoint.
fn layer_list(config: &InferenceConfig) -> Result<Option<Spec>> {
    let stored = config.model_initialization.as_ref().and_then(|map| map.get(LAYER_LIST));
    stored.map(Spec::deserialize).transpose().map_err(|error| {
        Error::BadPackage(format!("`inference_config.json`: {LAYER_LIST}: {error}"))
    })
}

/// Pixels of the input a pixel of the smallest feature map, at least 32.
fn stride(spec: &Spec, root: &Weights, file: &str) -> Result<usize> {
    const PROBE: usize = 256;
    let mut g = Graph::new();
    let image = g.input("image", &[1, PROBE, PROBE, spec.channels])?;
    let net = network(&mut g, root, image, spec)
        .map_err(|cause| Error::Layers { file: file.to_owned(), cause })?;
    let height = |&value| match *g.shape(value) {
        [_, height, _, _] => Some(height),
        _ => None,
    };
    let smallest = net.features.iter().filter_map(height).min().unwrap_or(PROBE);
    Ok((PROBE / smallest.max(1)).max(32))
}

/// The network for inputs of `shape`.
fn graph(spec: &Spec, weights: &Weights, shape: [usize; 4]) -> ocelli_engine::Result<Graph> {
    let mut g = Graph::new();
    let image = g.input("image", &shape)?;
    network(&mut g, weights, image, spec)
        .map_err(|error| ocelli_engine::Error::Weight(error.into()))?;
    Ok(g)
}

/// The input's size: what the caller asks for, else what package or file say, else the usual one.
fn resolution(
    checkpoint: &Checkpoint,
    identity: &Identity,
    options: &LoadOptions,
    inference: Option<&InferenceConfig>,
    stride: usize,
) -> Result<Size> {
    let packaged = inference.and_then(|config| config.network_input.training_input_size);
    let usual = match identity.task {
        Task::Classification => CLASSIFIER_SIDE,
        _ => SIDE,
    };
    let usual = Size::new(usual, usual);
    let size = options.resolution.or(packaged).or(checkpoint.facts.input).unwrap_or(usual);
    let rounded = rounded_up(size, stride)?;
    if inference.is_some() && rounded != size && identity.task != Task::Classification {
        let reason =
            format!("{size}: both sides of this network's input must be multiples of {stride}");
        return Err(Error::BadOption { name: "resolution", reason });
    }
    Ok(if identity.task == Task::Classification { size } else { rounded })
}

/// Names of the network's classes: what the caller gives, else the package's, else the file's, else numbered ones.
fn class_names(
    identity: &Identity,
    checkpoint: &Checkpoint,
    options: &LoadOptions,
    package: Option<&Package>,
) -> Result<Vec<String>> {
    let count = identity.spec.classes;
    if identity.task == Task::DepthEstimation {
        return Ok(Vec::new());
    }
    let packaged = package.map(|package| &package.class_names);
    let with_background = packaged
        .filter(|names| identity.task == Task::SemanticSegmentation && names.len() == count + 1);
    if let (Some(names), None) = (with_background, &options.class_names) {
        return Ok(names.clone());
    }
    served::class_names(count, options, package, checkpoint.facts.class_names.clone())
}

/// The key points of each class, from `keypoints_metadata.json`, else by their number.
fn points(
    identity: &Identity,
    classes: &Classes,
    package: Option<&Package>,
    inference: Option<&InferenceConfig>,
) -> Result<Points> {
    let Some([count, numbers]) = identity.spec.key_points else { return Ok(Points::default()) };
    let (names, lines) = unnamed(count);
    let mut points = Points {
        numbers,
        names: vec![names; classes.names.len()],
        skeletons: vec![lines; classes.names.len()],
    };
    if let Some(text) = package.and_then(|package| package.keypoints_metadata.as_deref()) {
        let mapping = inference.and_then(|config| config.class_mapping(&classes.known));
        let known = classes.names.len();
        let told = KeyPointsMetadata::parse(text.as_bytes(), known, mapping.as_ref())?;
        (points.names, points.skeletons) = (told.names, told.skeletons);
    }
    Ok(points)
}

/// The trainer's way for a checkpoint, the package's for a package, or the one that was asked for.
fn prepare(
    identity: &Identity,
    checkpoint: &Checkpoint,
    size: Size,
    stride: usize,
    trainer: bool,
    inference: Option<&InferenceConfig>,
) -> Result<Prepare> {
    let fit = trained_fit(identity, !checkpoint.facts.fixed_input);
    if trainer {
        return Ok(Prepare::Trainer { fit, size, stride });
    }
    let said = inference.cloned().unwrap_or_else(|| fit.input(size, stride).into());
    Ok(Prepare::Package(packaged(said, size, Resampler::OpenCv)?))
}

/// How the trainer fits pictures.
fn trained_fit(identity: &Identity, shrinks: bool) -> Fit {
    match (identity.task, identity.architecture) {
        (Task::Classification, "yolov5") => Fit::Square,
        (Task::Classification, _) => Fit::Middle,
        (Task::DepthEstimation, _) | (_, "rtdetr") => Fit::Stretch,
        _ => Fit::Letterbox { shrinks },
    }
}

/// What a package of a trainer's checkpoint says.
fn described(identity: &Identity, size: Size, stride: usize) -> InferenceConfig {
    let layer_list = serde_json::to_value(&identity.spec).unwrap_or_default();
    let post_processing = match identity.task {
        Task::Classification => Some(PostProcessing::Softmax { fused: true }),
        Task::SemanticSegmentation | Task::DepthEstimation => None,
        _ => Some(PostProcessing::Nms { fused: false, nms_parameters: None }),
    };
    InferenceConfig {
        image_pre_processing: ImagePreProcessing::default(),
        network_input: trained_fit(identity, true).input(size, stride),
        forward_pass: ForwardPass::default(),
        post_processing,
        model_initialization: Some([(LAYER_LIST.to_owned(), layer_list)].into_iter().collect()),
        class_names_operations: None,
    }
}

fn as_task(model: Yolo, task: Task) -> AnyModel {
    let model = Box::new(model);
    match task {
        Task::InstanceSegmentation => AnyModel::InstanceSegmentation(model),
        Task::KeyPointDetection => AnyModel::KeyPointsDetection(model),
        Task::OrientedObjectDetection => AnyModel::OrientedObjectDetection(model),
        Task::Classification => AnyModel::Classification(model),
        Task::SemanticSegmentation => AnyModel::SemanticSegmentation(model),
        Task::DepthEstimation => AnyModel::DepthEstimation(model),
        _ => AnyModel::ObjectDetection(model),
    }
}

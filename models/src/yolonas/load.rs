//! From a checkpoint or a package to a model.

use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Weights};
use ocelli_vision::config::{
    ColorMode, ForwardPass, ImagePreProcessing, InferenceConfig, NetworkInput, PostProcessing,
    ResizeMode,
};
use ocelli_vision::{Resampler, Size, Suppression, Task};

use super::checkpoint::{needless, shape, weights};
use super::config::Config;
use super::entries::FAMILY;
use super::network::network;
use super::steps::Processing;
use crate::detector::{Detector, Manner};
use crate::prepare::Prepare;
use crate::registry::{AnyModel, LoadRequest, Loaded, Preparation, WeightChoice};
use crate::served::{
    Classes, check_said, class_names, compiled, inference_config, packaged, resolution,
};
use crate::{Error, Result};

/// What the sides of an input are multiples of.
const STRIDE: usize = 32;
/// The input of training where nothing says it.
const SIDE: usize = 640;

/// The task of a checkpoint that holds a YOLO-NAS.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    let weights = weights(file, WeightChoice::Model).ok()?;
    Config::infer(|name| shape(&weights, name)).ok().map(|_| Task::ObjectDetection)
}

/// Loads a YOLO-NAS.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let LoadRequest { weights: file, package, options, executor } = request;
    let package = package.as_ref();
    let weights = weights(file, options.weights)?;
    let name = || file.file().to_owned();
    let config = Config::infer(|name| shape(&weights, name)).map_err(|reason| {
        Error::NotThisModel { file: name(), architecture: FAMILY.architecture, reason }
    })?;
    check_said(FAMILY.architecture, config.name(), options, package, file.file())?;
    let inference = package.map(inference_config).transpose()?;
    let inference = inference.as_ref();
    let processing = Processing::read(file.root()).map_err(|what| Error::Unsupported {
        file: name(),
        what,
        hint: "save the model's state dict alone to prepare pictures as for COCO".to_owned(),
    })?;
    let usual = processing.steps.size().unwrap_or(Size::new(SIDE, SIDE));
    let resolution = resolution(options, inference, usual, STRIDE)?;
    let names = class_names(config.classes, options, package, processing.class_names.clone())?;
    let prepare = prepare(&processing, resolution, options.preparation, inference)?;

    let describe = {
        let config = config.clone();
        move |w: &Weights, shape| graph(&config, w, shape)
    };
    let (runtime, mut unused) = compiled(executor, &weights, resolution, describe)?;
    unused.retain(|name| !needless(name));

    let model = Detector {
        runtime,
        prepare,
        classes: Classes::new(names, inference),
        recommended: package.and_then(|package| package.recommended.clone()),
        manner: manner(&processing, inference.is_some()),
    };
    Ok(Loaded {
        model: AnyModel::ObjectDetection(Box::new(model)),
        variant: config.name().to_owned(),
        resolution,
        weights,
        config: inference.cloned().unwrap_or_else(|| described(resolution)),
        keypoints_metadata: None,
        unused,
    })
}

/// The network for inputs of `shape`.
fn graph(config: &Config, weights: &Weights, shape: [usize; 4]) -> ocelli_engine::Result<Graph> {
    let mut g = Graph::new();
    let image = g.input("image", &shape)?;
    let net = network(&mut g, weights, image, config)?;
    g.output("boxes", net.boxes);
    g.output("scores", net.scores);
    Ok(g)
}

/// The trainer's way for a checkpoint, the package's for a package, or the one that was asked for.
fn prepare(
    processing: &Processing,
    size: Size,
    preparation: Preparation,
    inference: Option<&InferenceConfig>,
) -> Result<Prepare> {
    if preparation.is_trainers(inference.is_some()) {
        return Ok(Prepare::Trainer(processing.steps.resized(size)));
    }
    let said = inference.cloned().unwrap_or_else(|| described(size));
    Ok(Prepare::Package(packaged(said, size, Resampler::OpenCv)?))
}

/// How answers are read: as the trainer predicts for a checkpoint, as packages are served for a package.
fn manner(processing: &Processing, packaged: bool) -> Manner {
    let stored = |value: Option<f64>, usual: f32| value.map_or(usual, |value| value as f32);
    let (confidence, iou_threshold) = if packaged {
        (0.4, 0.3)
    } else {
        (stored(processing.confidence, 0.25), stored(processing.iou_threshold, 0.7))
    };
    let suppression = Suppression {
        iou_threshold,
        class_agnostic: false,
        max_detections: 300,
        max_candidates: if packaged { usize::MAX } else { 1024 },
    };
    Manner { confidence, suppression, every_class: !packaged, fused: None }
}

/// What a package of a trainer's checkpoint says.
fn described(size: Size) -> InferenceConfig {
    InferenceConfig {
        image_pre_processing: ImagePreProcessing::default(),
        network_input: NetworkInput {
            training_input_size: Some(size),
            dataset_version_resize_dimensions: None,
            dynamic_spatial_size_supported: false,
            dynamic_spatial_size_mode: None,
            color_mode: ColorMode::Rgb,
            resize_mode: ResizeMode::Letterbox,
            padding_value: Some(114),
            input_channels: 3,
            scaling_factor: Some(255.0),
            normalization: None,
        },
        forward_pass: ForwardPass::default(),
        post_processing: Some(PostProcessing::Nms { fused: false, nms_parameters: None }),
        model_initialization: None,
        class_names_operations: None,
    }
}

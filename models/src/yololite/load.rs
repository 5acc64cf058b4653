//! From a checkpoint or a package to a model.

use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Weights};
use ocelli_vision::config::{
    ColorMode, ForwardPass, ImagePreProcessing, InferenceConfig, NetworkInput, PostProcessing,
    ResizeMode,
};
use ocelli_vision::{Resampler, Size, Suppression, Task};

use super::checkpoint::{Said, needless, weights};
use super::config::Config;
use super::entries::FAMILY;
use super::network::network;
use crate::detector::{Detector, Manner};
use crate::encoders::{ENCODERS, Encoder};
use crate::prepare::{Prepare, Step, Steps};
use crate::registry::{AnyModel, LoadRequest, Loaded, Package, Preparation, WeightChoice};
use crate::served::{
    Classes, Fused, check_said, class_names, compiled, letterboxed, packaged, resolution,
};
use crate::{Error, Result};

/// What the sides of an input are multiples of.
const STRIDE: usize = 32;
/// The input of training where nothing says it.
const SIDE: usize = 640;
/// Gray around pictures.
const GRAY: u8 = 114;
const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const STD: [f64; 3] = [0.229, 0.224, 0.225];

/// The task of a checkpoint that holds a YOLO-Lite.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    let weights = weights(file, WeightChoice::Model).ok()?;
    weights.contains("lateral3.weight").then_some(Task::ObjectDetection)
}

/// Loads a YOLO-Lite.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let LoadRequest { weights: file, package, options, executor } = request;
    let package = package.as_ref();
    let weights = weights(file, options.weights)?;
    let said = Said::read(file.root());
    let config = config(file, &weights, &said)?;
    check_said(FAMILY.architecture, config.name(), options, package, file.file())?;
    let inference = package.map(inference_config).transpose()?;
    let inference = inference.as_ref();
    let side = said.side.unwrap_or(SIDE);
    let resolution = resolution(options, inference, Size::new(side, side), STRIDE)?;
    let names = class_names(config.classes, options, package, said.class_names)?;
    let prepare = prepare(resolution, options.preparation, inference)?;

    // The trainer's own program leaves the class out of the score where there is one only.
    let single = inference.is_none() && config.classes == 1;
    let describe = {
        let config = config.clone();
        move |w: &Weights, shape| graph(&config, w, single, shape)
    };
    let (runtime, mut unused) = compiled(executor, &weights, resolution, describe)?;
    unused.retain(|name| !needless(name));

    let model = Detector {
        runtime,
        prepare,
        classes: Classes::new(names, inference),
        recommended: package.and_then(|package| package.recommended.clone()),
        manner: manner(inference),
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

/// The sizes of the network.
fn config(file: &StateDict, weights: &StateDict, said: &Said) -> Result<Config> {
    let name = || file.file().to_owned();
    let known = |backbone: &String| Encoder::find(backbone).is_some();
    let unsupported = |what: String, hint: String| Error::Unsupported { file: name(), what, hint };
    Config::infer(weights).map_err(|reason| {
        if let Some(backbone) = said.backbone.as_ref().filter(|backbone| !known(backbone)) {
            let known: Vec<&str> = ENCODERS.iter().map(|row| row.name).collect();
            let hint = format!("there are {}", known.join(", "));
            return unsupported(format!("the backbone `{backbone}`"), hint);
        }
        Error::NotThisModel { file: name(), architecture: FAMILY.architecture, reason }
    })
}

/// The network for inputs of `shape`.
fn graph(
    config: &Config,
    weights: &Weights,
    single: bool,
    shape: [usize; 4],
) -> ocelli_engine::Result<Graph> {
    let mut g = Graph::new();
    let image = g.input("image", &shape)?;
    let net = network(&mut g, weights, image, config)?;
    let scores = if single { net.objectness } else { g.mul(net.objectness, net.classes)? };
    g.output("boxes", net.boxes);
    g.output("scores", scores);
    Ok(g)
}

/// What a package says of pictures and answers.
fn inference_config(package: &Package) -> Result<InferenceConfig> {
    let config = letterboxed(package)?;
    match config.post_processing {
        None | Some(PostProcessing::Nms { .. }) => Ok(config),
        Some(_) => Err(Error::BadPackage(
            "`inference_config.json`: this model is served with `post_processing` of type `nms`"
                .into(),
        )),
    }
}

/// The trainer's way for a checkpoint, the package's for a package, or the one that was asked for.
fn prepare(
    size: Size,
    preparation: Preparation,
    inference: Option<&InferenceConfig>,
) -> Result<Prepare> {
    if preparation.is_trainers(inference.is_some()) {
        return Ok(Prepare::Trainer(Steps {
            blue_first: false,
            fits: vec![Step::Within(size), Step::Pad { size, value: GRAY, centred: true }],
            divisor: Some(255.0),
            moments: Some((MEAN.to_vec(), STD.to_vec())),
        }));
    }
    let said = inference.cloned().unwrap_or_else(|| described(size));
    Ok(Prepare::Package(packaged(said, size, Resampler::OpenCv)?))
}

/// How answers are read: as the trainer's program does for a checkpoint, as packages are served for a package.
fn manner(inference: Option<&InferenceConfig>) -> Manner {
    let (confidence, iou_threshold) = if inference.is_some() { (0.25, 0.3) } else { (0.4, 0.5) };
    let suppression = Suppression {
        iou_threshold,
        class_agnostic: false,
        max_detections: 300,
        max_candidates: usize::MAX,
    };
    let fused = inference.and_then(Fused::read);
    Manner { confidence, suppression, every_class: false, fused }
}

/// What a package of a trainer's checkpoint says.
fn described(size: Size) -> InferenceConfig {
    InferenceConfig {
        image_pre_processing: ImagePreProcessing::default(),
        network_input: NetworkInput {
            resize_mode: ResizeMode::Letterbox,
            padding_value: Some(GRAY),
            color_mode: ColorMode::Rgb,
            ..NetworkInput::stretched(size, MEAN, STD)
        },
        forward_pass: ForwardPass::default(),
        post_processing: Some(PostProcessing::Nms { fused: false, nms_parameters: None }),
        model_initialization: None,
        class_names_operations: None,
    }
}

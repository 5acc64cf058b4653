//! From a checkpoint or a package to a model.

use ocelli_converters::{Format, StateDict};
use ocelli_engine::{Graph, Weights};
use ocelli_vision::config::{
    ForwardPass, ImagePreProcessing, InferenceConfig, NetworkInput, ResizeMode,
};
use ocelli_vision::{PreProcessor, Resampler, Size, Task};
use serde_json::{Map, Value, json};

use super::config::Config;
use super::encoder::{ENCODERS, Encoder};
use super::entries::FAMILY;
use super::model::DeepLab;
use super::names::{class_names, needless, weights};
use super::network::network;
use crate::registry::{AnyModel, LoadRequest, Loaded, Package, WeightChoice};
use crate::served::{check_said, compiled, resolution};
use crate::{Error, Result};

/// The input where nothing says it.
const SIDE: usize = 512;
const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
const STD: [f64; 3] = [0.229, 0.224, 0.225];

/// The task of a checkpoint that holds a `DeepLabV3+`.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    let weights = weights(file, WeightChoice::Model).ok()?;
    let marks = ["decoder.aspp.0.project.0.weight", "segmentation_head.0.weight"];
    marks.iter().all(|mark| weights.contains(mark)).then_some(Task::SemanticSegmentation)
}

/// Loads a `DeepLabV3+`.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let LoadRequest { weights: file, package, options, executor } = request;
    let package = package.as_ref();
    let weights = weights(file, options.weights)?;
    let exported = file.format() == Format::Onnx;
    let inference = package.map(|package| inference_config(package, exported)).transpose()?;
    let inference = inference.as_ref();
    let told = inference.filter(|_| !exported).map(initialization).transpose()?;
    let config = config(request, &weights, told.as_ref())?;
    check_said(FAMILY.architecture, &config.name(), options, package, file.file())?;
    let usual = Size::new(SIDE, SIDE);
    let resolution = resolution(options, inference, usual, config.output_stride)?;
    let names = class_names(config.classes, options, package)?;
    let described = inference.cloned().unwrap_or_else(|| described(resolution, &config));
    let mut input = described.network_input.clone();
    input.training_input_size = Some(resolution);
    let steps = described.image_pre_processing.clone();
    let processor = PreProcessor::from_parts(steps, input, Resampler::OpenCv)?;

    let describe = {
        let config = config.clone();
        move |w: &Weights, shape| graph(&config, w, shape)
    };
    let (runtime, mut unused) = compiled(executor, &weights, resolution, describe)?;
    unused.retain(|name| !needless(name));

    let confidence = if package.is_some() || config.classes == 1 { 0.5 } else { 0.0 };
    let recommended = package.and_then(|package| package.recommended.clone());
    let model = DeepLab { runtime, processor, names, recommended, confidence };
    Ok(Loaded {
        model: AnyModel::SemanticSegmentation(Box::new(model)),
        variant: config.name(),
        resolution,
        weights,
        config: described,
        keypoints_metadata: None,
        unused,
    })
}

/// The sizes of the network, checked against what a package says of them.
fn config(request: &LoadRequest, weights: &StateDict, told: Option<&Told>) -> Result<Config> {
    let file = || request.weights.file().to_owned();
    let asked = request.options.model_type.as_deref();
    let output_stride = if asked.is_some_and(|asked| asked.ends_with("-os8")) { 8 } else { 16 };
    let config = Config::infer(weights, output_stride).map_err(|reason| match told {
        Some(told) if Encoder::find(&told.encoder).is_none() => {
            let known: Vec<&str> = ENCODERS.iter().map(|row| row.name).collect();
            let what = format!("the encoder `{}`", told.encoder);
            Error::Unsupported {
                file: file(),
                what,
                hint: format!("there are {}", known.join(", ")),
            }
        }
        _ => Error::NotThisModel { file: file(), architecture: FAMILY.architecture, reason },
    })?;
    if let Some(told) = told {
        let found = (config.encoder.name, config.classes, config.channels);
        if found != (&*told.encoder, told.classes, told.channels) {
            let said =
                format!("{}, {} classes, {} channels", told.encoder, told.classes, told.channels);
            let found = format!("its tensors are those of {}, {}, {}", found.0, found.1, found.2);
            return Err(Error::Contradiction { file: file(), said, found });
        }
    }
    if config.channels != 3 {
        return Err(Error::Unsupported {
            file: file(),
            what: format!("a network for pictures of {} channels", config.channels),
            hint: "networks for colour pictures, of three channels, are".to_owned(),
        });
    }
    Ok(config)
}

/// The network for inputs of `shape`.
fn graph(config: &Config, weights: &Weights, shape: [usize; 4]) -> ocelli_engine::Result<Graph> {
    let mut g = Graph::new();
    let image = g.input("image", &shape)?;
    let net = network(&mut g, weights, image, config)?;
    g.output("logits", net.logits);
    Ok(g)
}

/// What a package says of pictures and of the network. Exported networks take one size, hence black edges for a fit to the
/// longer edge.
fn inference_config(package: &Package, exported: bool) -> Result<InferenceConfig> {
    let text = package.inference_config.as_ref();
    let text =
        text.ok_or_else(|| Error::BadPackage("`inference_config.json` is missing".into()))?;
    let mut config = InferenceConfig::parse(text.as_bytes())?;
    let input = &mut config.network_input;
    if exported && input.resize_mode == ResizeMode::FitLongerEdge {
        (input.resize_mode, input.padding_value) = (ResizeMode::Letterbox, Some(0));
    }
    Ok(config)
}

/// What a package says of its network.
struct Told {
    encoder: String,
    classes: usize,
    channels: usize,
}

/// Reads `model_initialization`.
fn initialization(config: &InferenceConfig) -> Result<Told> {
    let said = config.model_initialization.as_ref();
    let number = |key: &str| usize::try_from(said?.get(key)?.as_u64()?).ok();
    let encoder = said.and_then(|said| said.get("encoder_name")?.as_str());
    let told = encoder.zip(number("classes")).zip(number("in_channels"));
    let Some(((encoder, classes), channels)) = told else {
        return Err(Error::BadPackage(
            "`inference_config.json`: `model_initialization` must have `encoder_name`, `classes` and `in_channels`"
                .into(),
        ));
    };
    Ok(Told { encoder: encoder.to_owned(), classes, channels })
}

/// What a package of a checkpoint says.
fn described(size: Size, config: &Config) -> InferenceConfig {
    let known = json!({
        "encoder_name": config.encoder.name,
        "classes": config.classes,
        "in_channels": config.channels,
    });
    let initialization: Option<Map<String, Value>> = known.as_object().cloned();
    InferenceConfig {
        image_pre_processing: ImagePreProcessing::default(),
        network_input: NetworkInput::stretched(size, MEAN, STD),
        forward_pass: ForwardPass::default(),
        post_processing: None,
        model_initialization: initialization,
        class_names_operations: None,
    }
}

//! From a checkpoint or a package to a model.

use ocelli_converters::StateDict;
use ocelli_engine::{Graph, Weights};
use ocelli_vision::config::{ImagePreProcessing, InferenceConfig, NetworkInput, PostProcessing};
use ocelli_vision::{Resampler, Size, Suppression, Task};

use super::checkpoint::{needless, shape, weights};
use super::config::{Backbone, Config};
use super::entries::FAMILY;
use super::model::{Manner, Yolact};
use super::network::network;
use super::prepare::{DEVIATION, MEAN, Prepare};
use crate::registry::{AnyModel, LoadRequest, Loaded, Preparation, WeightChoice};
use crate::served::{
    Classes, check_said, class_names, compiled, inference_config, packaged, resolution,
};
use crate::{Error, Result};

/// The task of a checkpoint that holds a YOLACT.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    let weights = weights(file, WeightChoice::Model).ok()?;
    Config::infer(None, |name| shape(&weights, name)).ok().map(|_| Task::InstanceSegmentation)
}

/// Loads a YOLACT.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let LoadRequest { weights: file, package, options, executor } = request;
    let package = package.as_ref();
    let weights = weights(file, options.weights)?;
    refuse_deformable(&weights)?;
    refuse_several_heads(&weights)?;
    let said = options.model_type.as_deref();
    let said = said.or_else(|| package.and_then(|package| package.model_type.as_deref()));
    let config = Config::infer(said, |name| shape(&weights, name)).map_err(|reason| {
        let architecture = FAMILY.architecture;
        Error::NotThisModel { file: file.file().to_owned(), architecture, reason }
    })?;
    check_said(FAMILY.architecture, config.name(), options, package, file.file())?;
    let inference = package.map(inference_config).transpose()?;
    let inference = inference.as_ref();
    let side = config.anchors.side;
    let resolution = resolution(options, inference, Size::new(side, side), 1)?;
    let names = class_names(config.classes, options, package, None)?;
    let prepare = prepare(&config, resolution, options.preparation, inference)?;

    let describe = {
        let config = config.clone();
        move |w: &Weights, shape| graph(&config, w, shape)
    };
    let (runtime, mut unused) = compiled(executor, &weights, resolution, describe)?;
    unused.retain(|name| !needless(name));

    let model = Yolact {
        runtime,
        prepare,
        classes: Classes::new(names, inference),
        recommended: package.and_then(|package| package.recommended.clone()),
        manner: manner(inference.is_some()),
        coefficients: config.coefficients,
    };
    Ok(Loaded {
        model: AnyModel::InstanceSegmentation(Box::new(model)),
        variant: config.name().to_owned(),
        resolution,
        weights,
        config: inference.cloned().unwrap_or_else(|| described(&config, resolution)),
        keypoints_metadata: None,
        unused,
    })
}

/// Refuses YOLACT++, whose convolutions are deformable.
fn refuse_deformable(weights: &StateDict) -> Result<()> {
    let parts = ["maskiou_net.", ".conv_offset_mask."];
    match weights.names().find(|name| parts.iter().any(|part| name.contains(part))) {
        None => Ok(()),
        Some(name) => Err(Error::Unsupported {
            file: weights.file().to_owned(),
            what: format!("YOLACT++ (tensor `{name}`)"),
            hint: "use a YOLACT without deformable convolutions".to_owned(),
        }),
    }
}

/// Refuses networks whose levels do not share a head. Exports have the shared one once for each level.
fn refuse_several_heads(weights: &StateDict) -> Result<()> {
    for part in ["bbox_layer.weight", "conf_layer.weight", "mask_layer.weight"] {
        let at = |level: usize| weights.get(&format!("prediction_layers.{level}.{part}"));
        let Some(first) = at(0) else { continue };
        for other in (1..5).filter_map(at) {
            if first.to_f32()? != other.to_f32()? {
                return Err(Error::Unsupported {
                    file: weights.file().to_owned(),
                    what: format!("a head for each level (tensor `{}`)", other.name()),
                    hint: "train with `share_prediction_module`, as published networks are".into(),
                });
            }
        }
    }
    Ok(())
}

/// The network for inputs of `shape`: `predictions`, rows of centre x, centre y, width, height in pixels of the input, a
/// score for each class, coefficients; and `protos`.
fn graph(config: &Config, weights: &Weights, shape: [usize; 4]) -> ocelli_engine::Result<Graph> {
    let mut g = Graph::new();
    let image = g.input("image", &shape)?;
    let net = network(&mut g, weights, image, config)?;
    let [_, height, width, _] = shape.map(|extent| extent as f32);
    let pixels = g.table(&[1, 1, 4], vec![width, height, width, height])?;
    let boxes = g.mul(net.boxes, pixels)?;
    let scores = g.slice(net.scores, 2, 1..1 + config.classes)?;
    let predictions = g.concat(&[boxes, scores, net.coefficients], 2)?;
    g.output("predictions", predictions);
    g.output("protos", net.protos);
    Ok(g)
}

/// The trainer's way for a checkpoint, the package's for a package, or the one that was asked for.
fn prepare(
    config: &Config,
    size: Size,
    preparation: Preparation,
    inference: Option<&InferenceConfig>,
) -> Result<Prepare> {
    if preparation.is_trainers(inference.is_some()) {
        return Ok(Prepare::Trainer { size, backbone: config.backbone });
    }
    let said = inference.cloned().unwrap_or_else(|| described(config, size));
    Ok(Prepare::Package(packaged(said, size, Resampler::OpenCv)?))
}

/// How answers are read: as the trainer predicts for a checkpoint, as packages are served for a package.
fn manner(packaged: bool) -> Manner {
    let suppression = Suppression {
        iou_threshold: if packaged { 0.3 } else { 0.5 },
        class_agnostic: false,
        max_detections: if packaged { 300 } else { 100 },
        max_candidates: if packaged { usize::MAX } else { 200 },
    };
    Manner { trainer: !packaged, confidence: if packaged { 0.4 } else { 0.05 }, suppression }
}

/// What a package of a trainer's checkpoint says.
fn described(config: &Config, size: Size) -> InferenceConfig {
    let stretched = NetworkInput::stretched(size, MEAN, DEVIATION);
    let network_input = match config.backbone {
        Backbone::ResNet(_) => NetworkInput { scaling_factor: None, ..stretched },
        Backbone::DarkNet(_) => NetworkInput { normalization: None, ..stretched },
    };
    InferenceConfig {
        image_pre_processing: ImagePreProcessing::default(),
        post_processing: Some(PostProcessing::Nms { fused: false, nms_parameters: None }),
        ..network_input.into()
    }
}

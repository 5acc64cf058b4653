//! From a checkpoint or a package to a model.

use std::sync::Arc;

use ocelli_converters::{StateDict, Value};
use ocelli_engine::{Graph, Weights};
use ocelli_vision::config::{ColorMode, DynamicSize, InferenceConfig, NetworkInput, ResizeMode};
use ocelli_vision::{Resampler, Size, Task};

use super::checkpoint::Checkpoint;
use super::classes::Classes;
use super::config::{Config, Head, Variant};
use super::infer::infer;
use super::model::RfDetr;
use super::network::network;
use super::points::points;
use super::prepare::{DEVIATION, MAX_SIDE, MEAN, Prepare};
use crate::registry::{
    AnyModel, LoadOptions, LoadRequest, Loaded, Package, Preparation, WeightChoice,
};
use crate::runtime::Runtime;
use crate::served::packaged;
use crate::weights::CheckpointWeights;
use crate::{Error, Result};

/// Under which name trainer and packages say how many pairs of query and class are looked at.
const NUM_SELECT: &str = "num_select";

/// The task of a checkpoint that holds an RF-DETR.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    let checkpoint = Checkpoint::read(file, WeightChoice::Model).ok()?;
    let has = |name: &str| checkpoint.shape(name).is_some();
    let head = match () {
        () if has("semantic_embed.bias") => Head::Semantic,
        () if has("keypoint_embed.layers.0.weight") => Head::KeyPoints,
        () if !has("refpoint_embed.weight") => return None,
        () if has("segmentation_head.bias") => Head::Masks,
        () => Head::Boxes,
    };
    Some(head.task())
}

/// Loads a model of any of the family's tasks.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let LoadRequest { weights, package, options, executor } = request;
    let package = package.as_ref();
    let checkpoint = Checkpoint::read(weights, options.weights)?;
    let said = options.model_type.as_deref();
    let said = said.or_else(|| package.and_then(|p| p.model_type.as_deref()));
    let config = infer(&checkpoint, said)?;
    let packaged = package.map(inference_config).transpose()?;
    let inference = packaged.as_ref();

    let resolution = resolution(&checkpoint, &config.variant, options, inference)?;
    let classes = classes(&checkpoint, &config, options, package.zip(inference))?;
    let prepare = prepare(&config.variant, resolution, options.preparation, inference)?;
    let points = points(&config, &classes, package)?;
    let keypoints_metadata = points.metadata();

    let source = Arc::new(CheckpointWeights::new(checkpoint.weights.clone()));
    let root = Weights::new(Arc::clone(&source) as _);
    let describe = {
        let (config, root) = (config.clone(), root.clone());
        move |shape: [usize; 4]| graph(&config, &root, shape)
    };
    let runtime = Runtime::new(Arc::clone(executor), describe);
    runtime.program([1, resolution.height, resolution.width, 3])?;
    let mut unused = source.unused(&root.used());
    unused.retain(|name| !needless(name, &config));

    let recommended = package.and_then(|package| package.recommended.clone());
    let num_select = num_select(&checkpoint, &config.variant, package, inference)?;
    let model = RfDetr { runtime, prepare, classes, recommended, num_select, points };
    let model = match config.variant.head {
        Head::Boxes => AnyModel::ObjectDetection(Box::new(model)),
        Head::Masks => AnyModel::InstanceSegmentation(Box::new(model)),
        Head::KeyPoints => AnyModel::KeyPointsDetection(Box::new(model)),
        Head::Semantic => AnyModel::SemanticSegmentation(Box::new(model)),
    };
    Ok(Loaded {
        model,
        variant: config.variant.id(),
        resolution,
        weights: checkpoint.weights,
        config: packaged.unwrap_or_else(|| described(resolution, num_select)),
        keypoints_metadata,
        unused,
    })
}

/// The network for inputs of `shape`.
fn graph(config: &Config, weights: &Weights, shape: [usize; 4]) -> ocelli_engine::Result<Graph> {
    let mut g = Graph::new();
    let image = g.input("image", &shape)?;
    let net = network(&mut g, weights, image, config)?;
    for (name, value) in net.outputs {
        g.output(name, value);
    }
    Ok(g)
}

fn inference_config(package: &Package) -> Result<InferenceConfig> {
    let text = package.inference_config.as_ref();
    let text =
        text.ok_or_else(|| Error::BadPackage("`inference_config.json` is missing".into()))?;
    Ok(InferenceConfig::parse(text.as_bytes())?)
}

/// The input's size: what the caller asks for, else what package or trainer say, else the variant's.
fn resolution(
    checkpoint: &Checkpoint,
    variant: &Variant,
    options: &LoadOptions,
    inference: Option<&InferenceConfig>,
) -> Result<Size> {
    let square = |side| Size::new(side, side);
    let packaged = inference.and_then(|config| config.network_input.training_input_size);
    let (size, whose) = if let Some(size) = options.resolution {
        (size, "asked for")
    } else if let Some(size) = packaged {
        (size, "in inference_config.json")
    } else if let Some(side) = checkpoint.stored_count("resolution") {
        (square(side), "stored in the checkpoint")
    } else {
        (square(variant.resolution), "of the variant")
    };
    let divisor = variant.divisor();
    let fits = |side: usize| (1..=MAX_SIDE).contains(&side) && side.is_multiple_of(divisor);
    if fits(size.width) && fits(size.height) {
        return Ok(size);
    }
    let id = variant.id();
    let reason = format!(
        "{size} ({whose}): both sides of an input of {id} must be multiples of {divisor}, at most {MAX_SIDE}"
    );
    Err(Error::BadOption { name: "resolution", reason })
}

/// How many pairs of query and class are looked at: what the package says, if it does; of a checkpoint on its own what
/// the trainer's description says, else what the trainer takes for the variant.
fn num_select(
    checkpoint: &Checkpoint,
    variant: &Variant,
    package: Option<&Package>,
    inference: Option<&InferenceConfig>,
) -> Result<Option<usize>> {
    if variant.head == Head::Semantic {
        return Ok(None);
    }
    let Some(package) = package else {
        let stored = checkpoint.model_config(NUM_SELECT).and_then(Value::as_i64);
        let stored = stored.and_then(|count| usize::try_from(count).ok());
        let published = Variant::find(variant.name).map(|row| row.queries);
        return Ok(stored.or(published));
    };
    let initialization = inference.and_then(|config| config.model_initialization.as_ref());
    let given = |map: &'_ serde_json::Map<String, serde_json::Value>| {
        map.get(NUM_SELECT).filter(|said| !said.is_null()).cloned()
    };
    let said = given(&package.features).or_else(|| given(initialization?));
    let count = |said: &serde_json::Value| said.as_u64()?.try_into().ok();
    let wrong = || Error::BadPackage(format!("`{NUM_SELECT}` is no count"));
    said.map(|said| count(&said).ok_or_else(wrong)).transpose()
}

/// What a package of a checkpoint says.
fn described(resolution: Size, num_select: Option<usize>) -> InferenceConfig {
    let select = num_select.map(|count| (NUM_SELECT.to_owned(), count.into()));
    InferenceConfig {
        model_initialization: select.map(|entry| std::iter::once(entry).collect()),
        ..NetworkInput::stretched(resolution, MEAN, DEVIATION).into()
    }
}

fn classes(
    checkpoint: &Checkpoint,
    config: &Config,
    options: &LoadOptions,
    package: Option<(&Package, &InferenceConfig)>,
) -> Result<Classes> {
    let given = options.class_names.as_deref();
    let classes = match package {
        Some((package, inference)) if given.is_none() => {
            if package.class_names.is_empty() {
                return Err(Error::BadPackage("`class_names.txt` is missing or empty".into()));
            }
            Classes::of_package(&package.class_names, inference, config.classes)
        }
        _ => {
            let (stored, head) = (checkpoint.class_names(), config.variant.head);
            Classes::of_checkpoint(given, stored, config.classes, head)?
        }
    };
    if config.variant.head == Head::Semantic && classes.background().is_none() {
        let what = "no class of a semantic segmentation is called `background`";
        return Err(Error::BadPackage(what.into()));
    }
    Ok(classes)
}

/// The trainer's way for a checkpoint, the package's for a package, or the one that was asked for.
fn prepare(
    variant: &Variant,
    size: Size,
    preparation: Preparation,
    inference: Option<&InferenceConfig>,
) -> Result<Prepare> {
    let divisor = variant.divisor();
    if preparation.is_trainers(inference.is_some()) {
        return Ok(Prepare::Trainer { size, divisor });
    }
    let said = inference.cloned().unwrap_or_else(|| plain_input(divisor).into());
    Ok(Prepare::Package(packaged(said, size, Resampler::Pillow)?))
}

/// What a package of a checkpoint without one would say.
fn plain_input(divisor: usize) -> NetworkInput {
    NetworkInput {
        training_input_size: None,
        dataset_version_resize_dimensions: None,
        dynamic_spatial_size_supported: true,
        dynamic_spatial_size_mode: Some(DynamicSize::PadToBeDivisible { value: divisor }),
        color_mode: ColorMode::Rgb,
        resize_mode: ResizeMode::Stretch,
        padding_value: None,
        input_channels: 3,
        scaling_factor: Some(255.0),
        normalization: Some((MEAN.to_vec(), DEVIATION.to_vec())),
    }
}

/// Whether a tensor is known to have no part in answers.
fn needless(name: &str, config: &Config) -> bool {
    const PARTS: [&str; 6] = [
        "mask_token",
        "_kp_active_mask",
        "keypoint_class_mask",
        "keypoint_query_initializer_enc.",
        "enc_out_keypoint_embed.",
        "_extra_state",
    ];
    let number = |prefix: &str| name.strip_prefix(prefix)?.split('.').next()?.parse::<usize>().ok();
    let selections = ["enc_output", "enc_output_norm", "enc_out_class_embed", "enc_out_bbox_embed"];
    let group = selections.iter().find_map(|part| number(&format!("transformer.{part}.")));
    let block = number("backbone.0.encoder.encoder.encoder.layer.");
    PARTS.iter().any(|part| name.contains(part))
        || group.is_some_and(|group| group > 0)
        || block.is_some_and(|block| block >= config.variant.features[3])
}

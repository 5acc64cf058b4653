//! What detectors of several families do alike when they are loaded, and what they know of their classes.

use std::sync::Arc;

use ocelli_converters::StateDict;
use ocelli_engine::{Executor, Graph, Weights};
use ocelli_vision::config::{InferenceConfig, NetworkInput, PostProcessing, ResizeMode};
use ocelli_vision::{PreProcessor, Resampler, Size, Suppression};

use crate::registry::{LoadOptions, Package};
use crate::runtime::Runtime;
use crate::weights::CheckpointWeights;
use crate::{COCO_NAMES, Error, Result};

/// The gray that packages want where a fit to the longer edge is replaced by a letterbox.
const SUBSTITUTE_GRAY: u8 = 127;
/// Classes of networks that number COCO's without gaps.
const COCO_CLASSES: usize = 80;
/// The longest side of an input.
pub(crate) const MAX_SIDE: usize = 8192;

/// The classes of a network, and those that are reported.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Classes {
    /// Of the network.
    pub(crate) known: Vec<String>,
    /// Reported.
    pub(crate) names: Vec<String>,
    /// What is reported for each class of the network; nothing where it is left out.
    reported_as: Option<Vec<Option<usize>>>,
}

impl Classes {
    /// Those of a network with `known` classes, changed as a package says.
    pub(crate) fn new(known: Vec<String>, inference: Option<&InferenceConfig>) -> Classes {
        match inference.and_then(|config| config.class_mapping(&known)) {
            Some(mapping) => {
                Classes { known, names: mapping.names, reported_as: Some(mapping.index) }
            }
            None => Classes { names: known.clone(), known, reported_as: None },
        }
    }

    /// What the network's class is reported as; nothing if it is left out.
    pub(crate) fn reported(&self, class_id: usize) -> Option<usize> {
        match &self.reported_as {
            Some(reported) => reported.get(class_id).copied().flatten(),
            None => Some(class_id),
        }
    }
}

/// Constants of a suppression inside a network, which callers cannot change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fused {
    pub(crate) confidence: f32,
    pub(crate) suppression: Suppression,
}

impl Fused {
    /// Those of a package's network; nothing if it does not suppress.
    pub(crate) fn read(config: &InferenceConfig) -> Option<Fused> {
        let Some(PostProcessing::Nms { fused: true, nms_parameters: Some(inside) }) =
            &config.post_processing
        else {
            return None;
        };
        Some(Fused {
            confidence: inside.confidence_threshold,
            suppression: Suppression {
                iou_threshold: inside.iou_threshold,
                class_agnostic: inside.class_agnostic,
                max_detections: inside.max_detections,
                max_candidates: usize::MAX,
            },
        })
    }
}

/// The names of `count` classes: what the caller gives, else the package's, else the file's, else numbered ones. Of COCO's
/// 91 ids those without a category are left out where the network has 80 classes.
///
/// # Errors
/// There are more or fewer.
pub(crate) fn class_names(
    count: usize,
    options: &LoadOptions,
    package: Option<&Package>,
    stored: Option<Vec<String>>,
) -> Result<Vec<String>> {
    let packaged = package.map(|package| package.class_names.clone());
    let packaged = packaged.filter(|names| !names.is_empty());
    match options.class_names.clone().or(packaged).or(stored) {
        None => Ok((0..count).map(|i| format!("class{i}")).collect()),
        Some(names) if names.len() == count => Ok(names),
        Some(names) if count == COCO_CLASSES && names.iter().eq(COCO_NAMES.lines()) => {
            Ok(names.into_iter().filter(|name| name != "background").collect())
        }
        Some(names) => {
            let reason = format!("{} names for the {count} classes of the network", names.len());
            Err(Error::BadOption { name: "labels", reason })
        }
    }
}

/// What a package says of pictures and answers, of a network that does not suppress.
///
/// # Errors
/// As [`letterboxed`], or it asks for another way of reading answers.
pub(crate) fn inference_config(package: &Package) -> Result<InferenceConfig> {
    let config = letterboxed(package)?;
    if let Some(PostProcessing::Nms { fused: false, .. }) = config.post_processing {
        return Ok(config);
    }
    let what = "`inference_config.json`: this model is served with `post_processing` of type `nms`, not fused";
    Err(Error::BadPackage(what.into()))
}

/// What a package says of pictures and answers, of a network whose input has one size.
///
/// # Errors
/// `inference_config.json` is missing or malformed.
pub(crate) fn letterboxed(package: &Package) -> Result<InferenceConfig> {
    let text = package.inference_config.as_ref();
    let text =
        text.ok_or_else(|| Error::BadPackage("`inference_config.json` is missing".into()))?;
    let mut config = InferenceConfig::parse(text.as_bytes())?;
    if config.network_input.resize_mode == ResizeMode::FitLongerEdge {
        config.network_input.resize_mode = ResizeMode::Letterbox;
        config.network_input.padding_value = Some(SUBSTITUTE_GRAY);
    }
    Ok(config)
}

/// Whether an export made up the name: a constant of its own, no tensor of the network.
pub(crate) fn is_constant(name: &str) -> bool {
    let numbered = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    numbered || name.starts_with('/') || name.starts_with("onnx::")
}

/// The network of a checkpoint, compiled for one picture of this size, and the tensors that no layer asked for.
///
/// # Errors
/// A weight is missing or has another shape, or the network cannot be compiled.
pub(crate) fn compiled(
    executor: &Arc<dyn Executor>,
    weights: &StateDict,
    size: Size,
    graph: impl Fn(&Weights, [usize; 4]) -> ocelli_engine::Result<Graph> + Send + Sync + 'static,
) -> Result<(Runtime, Vec<String>)> {
    let source = Arc::new(CheckpointWeights::new(weights.clone()));
    let root = Weights::new(Arc::clone(&source) as _);
    let describe = {
        let root = root.clone();
        move |shape| graph(&root, shape)
    };
    let runtime = Runtime::new(Arc::clone(executor), describe);
    runtime.program([1, size.height, size.width, 3])?;
    let unused = source.unused(&root.used());
    Ok((runtime, unused))
}

/// Prepares pictures as a package says, for an input of this size.
///
/// # Errors
/// The package asks for what is not implemented.
pub(crate) fn packaged(
    said: InferenceConfig,
    size: Size,
    resampler: Resampler,
) -> Result<Box<PreProcessor>> {
    let network = NetworkInput { training_input_size: Some(size), ..said.network_input };
    Ok(Box::new(PreProcessor::from_parts(said.image_pre_processing, network, resampler)?))
}

/// That the variant is the one that was asked for, if any was.
///
/// # Errors
/// It is another.
pub(crate) fn check_said(
    architecture: &str,
    variant: &str,
    options: &LoadOptions,
    package: Option<&Package>,
    file: &str,
) -> Result<()> {
    let said = options.model_type.as_deref();
    let said = said.or_else(|| package.and_then(|package| package.model_type.as_deref()));
    match said {
        Some(said) if said != architecture && said != variant => Err(Error::Contradiction {
            file: file.to_owned(),
            said: said.to_owned(),
            found: format!("its tensors are those of {variant}"),
        }),
        _ => Ok(()),
    }
}

/// The input's size: what the caller asks for, else the package's, else `usual`.
///
/// # Errors
/// A side is no multiple of `stride`, or too long.
pub(crate) fn resolution(
    options: &LoadOptions,
    inference: Option<&InferenceConfig>,
    usual: Size,
    stride: usize,
) -> Result<Size> {
    let packaged = inference.and_then(|config| config.network_input.training_input_size);
    let size = options.resolution.or(packaged).unwrap_or(usual);
    let fits = |side: usize| (1..=MAX_SIDE).contains(&side) && side.is_multiple_of(stride);
    if fits(size.width) && fits(size.height) {
        return Ok(size);
    }
    let reason = format!(
        "{size}: both sides of this network's input must be multiples of {stride}, at most {MAX_SIDE}"
    );
    Err(Error::BadOption { name: "resolution", reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_taken_in_order_and_checked() {
        let usual = Size::new(640, 640);
        let asked = |side| LoadOptions {
            resolution: Some(Size::new(side, side)),
            ..LoadOptions::default()
        };
        assert_eq!(resolution(&LoadOptions::default(), None, usual, 32).unwrap(), usual);
        assert_eq!(resolution(&asked(320), None, usual, 32).unwrap().width, 320);
        for side in [0, 33, MAX_SIDE + 32] {
            assert!(resolution(&asked(side), None, usual, 32).is_err(), "{side}");
        }
    }

    #[test]
    fn names_must_be_as_many_as_classes() {
        let options = LoadOptions::default();
        assert_eq!(class_names(2, &options, None, None).unwrap(), ["class0", "class1"]);
        let stored = Some(vec!["cat".to_owned()]);
        assert_eq!(class_names(1, &options, None, stored.clone()).unwrap(), ["cat"]);
        assert!(class_names(2, &options, None, stored).is_err());
    }
}

//! From a checkpoint, a package or a folder to a model.

use ocelli_converters::StateDict;
use ocelli_vision::Task;
use ocelli_vision::resize::Filter;

use super::config::{Config, told};
use super::names::{Layout, weights};
use super::network::network;
use crate::classification::{Beside, Heads, IMAGENET, Plan, Transform, check_activation, finish};
use crate::registry::{LoadRequest, Loaded, WeightChoice};
use crate::{Error, Result};

/// The key of `model_initialization` under which a package of ours has what tensors do not show.
const ENCODER: &str = "encoder";

/// The score from which a label holds.
const CONFIDENCE: f32 = 0.5;

/// The task of a checkpoint that holds an encoder alone.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    task(file).filter(|&task| task == Task::Embedding)
}

/// The task of a checkpoint that holds one with a classifier.
pub(super) fn recognise_probe(file: &StateDict) -> Option<Task> {
    task(file).filter(|&task| task == Task::Classification)
}

fn task(file: &StateDict) -> Option<Task> {
    let (weights, _) = weights(file, WeightChoice::Model)?;
    let config = Config::infer(&weights, None)?;
    Some(config.classes.map_or(Task::Embedding, |_| Task::Classification))
}

/// Loads a classifier, or a network that makes vectors.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let file = request.weights.file();
    let not_this = |reason: &str| Error::NotThisModel {
        file: file.to_owned(),
        architecture: "dinov3",
        reason: reason.to_owned(),
    };
    let beside = Beside::read(request)?;
    let (weights, layout) = weights(&request.weights, request.options.weights)
        .ok_or_else(|| not_this("it has no layers with rotary positions"))?;
    let said = beside.config.as_ref().or(beside.initialization(ENCODER));
    let told = said.map_or(Ok(None), told)?;
    let config = Config::infer(&weights, told).ok_or_else(|| {
        not_this("its tensors have no shapes of a known size; `config.json` of its folder may tell the rest")
    })?;
    check_name(file, &beside, &config)?;
    check_activation(&request.weights, config.activation)?;
    finish(request, &beside, plan(config, layout, weights))
}

/// That a description names the network that the tensors are of.
fn check_name(file: &str, beside: &Beside, config: &Config) -> Result<()> {
    let Some(said) = beside.model_name() else { return Ok(()) };
    let name = said.split_once('.').map_or(said, |(name, _)| name);
    let name = name.strip_suffix("_qkvb").unwrap_or(name);
    if name == config.name_in_timm() || name == config.name() {
        return Ok(());
    }
    Err(Error::Contradiction {
        file: file.to_owned(),
        said: said.to_owned(),
        found: format!("its tensors are those of {}", config.name_in_timm()),
    })
}

fn plan(config: Config, layout: Layout, weights: StateDict) -> Plan {
    let (encoder, classes, name) = (config.described(), config.classes, config.name());
    let usual = match layout {
        Layout::HuggingFace => Transform { floats: true, ..Transform::stretched(224, IMAGENET) },
        Layout::Timm | Layout::Probe => Transform::torchvision(256, 256, Filter::Bicubic),
    };
    Plan {
        variant: name,
        weights,
        classes,
        usual,
        describe: Box::new(move |g, w, image| {
            let net = network(g, w, image, &config)?;
            Ok(Heads { embedding: net.class, tokens: Some(net.tokens), logits: net.logits })
        }),
        told: Some((ENCODER, encoder)),
        confidence: CONFIDENCE,
        needless: |name| name == "embeddings.mask_token",
    }
}

/// Whether a name of timm's is one of these.
pub(super) fn known_to_timm(name: &str) -> bool {
    let name = name.split_once('.').map_or(name, |(name, _)| name);
    let name = name.strip_suffix("_qkvb").unwrap_or(name);
    super::SIZES.iter().any(|size| name == format!("vit_{}_patch16_dinov3", size.name))
}

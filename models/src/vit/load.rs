//! From a checkpoint, a package or a folder to a model.

use ocelli_converters::StateDict;
use ocelli_vision::Task;
use ocelli_vision::resize::Filter;

use super::config::Config;
use super::description::{self, told};
use super::names::{Layout, weights};
use super::network::network;
use crate::blocks::layer::Feed;
use crate::classification::{Beside, CONFIDENCE, Heads, Plan, Transform, check_activation, finish};
use crate::registry::{LoadRequest, Loaded, WeightChoice};
use crate::{Error, Result};

/// The key of `model_initialization` under which a package of ours has what tensors do not show.
const ENCODER: &str = "encoder";

/// The task of a checkpoint that holds a vision transformer without layer scale.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    task(file, false)
}

/// The task of a checkpoint that holds one with layer scale.
pub(super) fn recognise_dinov2(file: &StateDict) -> Option<Task> {
    task(file, true)
}

fn task(file: &StateDict, dinov2: bool) -> Option<Task> {
    let (weights, layout) = weights(file, WeightChoice::Model)?;
    let config = Config::infer(&weights, layout, None)?;
    let classes = config.classes.map_or(Task::Embedding, |_| Task::Classification);
    (config.layer.scaled == dinov2).then_some(classes)
}

/// Loads a classifier, or a network that makes vectors.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let file = request.weights.file();
    let not_this = |reason: &str| Error::NotThisModel {
        file: file.to_owned(),
        architecture: "vit",
        reason: reason.to_owned(),
    };
    let beside = Beside::read(request)?;
    let (weights, layout) = weights(&request.weights, request.options.weights)
        .ok_or_else(|| not_this("it has no layers of a vision transformer"))?;
    let dinov2 = layout == Layout::HuggingFaceDinov2;
    let said = beside.config.as_ref().or(beside.initialization(ENCODER));
    let told = said.map_or(Ok(None), |config| told(config, dinov2))?;
    let config = Config::infer(&weights, layout, told).ok_or_else(|| {
        not_this("its tensors have no shapes of a known vision transformer; `config.json` of its folder may tell the rest")
    })?;
    if let Feed::Plain(activation) = config.layer.feed {
        check_activation(&request.weights, activation)?;
    }
    finish(request, &beside, plan(file, config, layout, weights))
}

fn plan(file: &str, config: Config, layout: Layout, weights: StateDict) -> Plan {
    let family = if config.layer.scaled { "dinov2" } else { "vit" };
    let encoder = description::encoder(&config);
    Plan {
        variant: config.name(family),
        weights,
        classes: config.classes,
        usual: usual(file, &config, layout),
        describe: Box::new(move |g, w, image| {
            let net = network(g, w, image, &config)?;
            Ok(Heads { embedding: net.class, tokens: Some(net.tokens), logits: net.logits })
        }),
        told: Some((ENCODER, encoder)),
        confidence: CONFIDENCE,
        needless: |name| name.starts_with("pooler.") || name == "embeddings.mask_token",
    }
}

/// How pictures are prepared where only the weights are there: as the layout's usual models are evaluated.
fn usual(file: &str, config: &Config, layout: Layout) -> Transform {
    const HALF: [f64; 3] = [0.5; 3];
    let side = config.image_side();
    let vit = !config.layer.scaled;
    match layout {
        Layout::Torchvision => {
            let swag = file.contains("_swag-");
            let edge = match () {
                () if swag => side,
                () if file.contains("vit_l_16-852ce7e3") => 242,
                () => side * 256 / 224,
            };
            let filter = if swag { Filter::Bicubic } else { Filter::Bilinear };
            Transform::torchvision(edge, side, filter)
        }
        Layout::HuggingFace => Transform::stretched(side, [HALF, HALF]),
        Layout::Timm if vit => Transform {
            normalisation: Some([HALF, HALF]),
            ..Transform::torchvision(side * 10 / 9, side, Filter::Bicubic)
        },
        Layout::Timm | Layout::HuggingFaceDinov2 => {
            Transform::torchvision(256, 224, Filter::Bicubic)
        }
    }
}

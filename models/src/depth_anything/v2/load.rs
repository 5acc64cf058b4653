//! From a checkpoint, a package or a folder to a model.

use ocelli_converters::StateDict;
use ocelli_vision::resize::Filter;
use ocelli_vision::{Interpolation, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{Config, Depth, OFFSET};
use super::description::{described, processor};
use super::network::network;
use crate::classification::{Beside, prefixed};
use crate::depth_anything::fit::{Fit, Way};
use crate::depth_anything::model::{Plan, Reading, finish};
use crate::depth_anything::names::of_the_authors;
use crate::registry::{LoadRequest, Loaded, Preparation, WeightChoice};
use crate::vit::{self, Layout};
use crate::{Error, Result};

/// The key of `model_initialization` under which a package of ours has what tensors do not show.
const STORED: &str = "depth_anything";

/// A name that only these networks have.
const LANDMARK: &str = "neck.fusion_stage.layers.0.projection.weight";

/// Metric models of the authors, by a part of their files' names and ours, and how far they see.
const METRIC: [(&str, f32); 2] = [("metric-hypersim", 20.0), ("metric-vkitti", 80.0)];

/// What a package of ours says.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    encoder: Value,
    layers: [usize; 4],
    metric: bool,
    max_depth: f32,
    offset: bool,
    preparation: Fit,
}

/// The task of a checkpoint that holds such a network.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    let (weights, _) = weights(file, WeightChoice::Model)?;
    weights.contains("backbone.embeddings.cls_token").then_some(Task::DepthEstimation)
}

/// The tensors under the names of this project, and whether they had those of the authors.
fn weights(file: &StateDict, choice: WeightChoice) -> Option<(StateDict, bool)> {
    if let Some(found) = prefixed(file, LANDMARK, choice) {
        return (!found.contains("neck.norm.weight")).then_some((found, false));
    }
    let found = of_the_authors(file, choice, ("pretrained", "depth_head"))?;
    Some((found, true))
}

/// Loads a model.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let file = request.weights.file();
    let not_this = |reason: &str| Error::NotThisModel {
        file: file.to_owned(),
        architecture: "depth-anything-v2",
        reason: reason.to_owned(),
    };
    let (weights, authors) = weights(&request.weights, request.options.weights)
        .ok_or_else(|| not_this("it has no neck that joins feature maps"))?;
    let beside = Beside::read(request)?;
    let stored: Option<Stored> = match beside.initialization(STORED) {
        None => None,
        Some(value) => Some(Stored::deserialize(value).map_err(|error| {
            Error::BadPackage(format!("`inference_config.json`: {STORED}: {error}"))
        })?),
    };
    let said = beside.config.as_ref().map(described).transpose()?;
    let (encoder, layers, depth) = match (&stored, said) {
        (Some(stored), _) => (stored.encoder.clone(), Some(stored.layers), stored.depth()),
        (None, Some(said)) => (said.encoder, said.layers, said.depth),
        (None, None) => (Value::Null, None, usual_depth(request)),
    };
    let mut config = encoder_config(&weights, &encoder)?
        .and_then(|encoder| Config::infer(&weights, encoder, layers, depth))
        .ok_or_else(|| {
            not_this("its tensors have no shapes of a known size; `config.json` of its folder may tell the rest")
        })?;
    if stored.as_ref().map_or(authors, |stored| stored.offset) {
        config.encoder.positions.offset = OFFSET;
    }
    let fit = match (stored, &beside.preprocessor) {
        (Some(stored), _) => stored.preparation,
        (None, Some(config)) => processor(config)?,
        (None, None) if authors && request.options.preparation != Preparation::Package => {
            Fit::usual(Way::Authors)
        }
        (None, None) => Fit::usual(Way::Processor(Filter::Bicubic)),
    };
    finish(request, plan(&config, weights, fit))
}

/// The encoder that the tensors show; `said` is what `transformers` says of it, or null.
fn encoder_config(weights: &StateDict, said: &Value) -> Result<Option<vit::Config>> {
    let encoder = weights.subset("", "backbone.");
    let told = vit::told(said, true)?;
    let layout = Layout::HuggingFaceDinov2;
    Ok(vit::Config::infer(&encoder, layout, told).filter(|config| config.class_position))
}

/// What the depth of a checkpoint on its own is: its tensors do not show it, its name or the caller may.
fn usual_depth(request: &LoadRequest) -> Depth {
    let named = |name: &str, part: &str| name.replace('_', "-").contains(part);
    let said = request.options.model_type.as_deref().unwrap_or(request.weights.file());
    let row = METRIC.iter().find(|(part, _)| named(said, part));
    row.map_or(Depth::Relative(1.0), |&(_, farthest)| Depth::Metric(farthest))
}

impl Stored {
    fn depth(&self) -> Depth {
        if self.metric { Depth::Metric(self.max_depth) } else { Depth::Relative(self.max_depth) }
    }
}

fn plan(config: &Config, weights: StateDict, fit: Fit) -> Plan {
    let (metric, max_depth) = match config.depth {
        Depth::Relative(factor) => (false, factor),
        Depth::Metric(farthest) => (true, farthest),
    };
    let interpolation = match fit.way {
        Way::Processor(_) => Interpolation::Bicubic,
        Way::Authors => Interpolation::CornerAligned,
    };
    let stored = Stored {
        encoder: vit::encoder(&config.encoder),
        layers: config.layers,
        metric,
        max_depth,
        offset: config.encoder.positions.offset == OFFSET,
        preparation: fit.clone(),
    };
    let told = serde_json::to_value(stored).unwrap_or_default();
    let variant = config.name();
    let config = config.clone();
    Plan {
        variant,
        weights,
        describe: Box::new(move |g, w, image| Ok(network(g, w, image, &config)?.depth)),
        fit,
        reading: Reading { interpolation, turned: false },
        told: Map::from_iter([(STORED.to_owned(), told)]),
        needless: |name| {
            name == "backbone.embeddings.mask_token"
                || name.starts_with("neck.fusion_stage.layers.0.residual_layer1.")
        },
    }
}

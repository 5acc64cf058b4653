//! From a checkpoint, a package or a folder to a model.

use ocelli_converters::StateDict;
use ocelli_vision::resize::Filter;
use ocelli_vision::{Interpolation, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{Config, told};
use super::network::network;
use crate::classification::{Beside, prefixed};
use crate::depth_anything::fit::{Fit, Way};
use crate::depth_anything::model::{Plan, Reading, finish};
use crate::depth_anything::names::of_the_authors;
use crate::depth_anything::v2::processor;
use crate::registry::{LoadRequest, Loaded, WeightChoice};
use crate::{Error, Result};

/// The key of `model_initialization` under which a package of ours has what tensors do not show.
const STORED: &str = "depth_anything";

/// A name that only these networks have, as this project writes them.
const LANDMARK: &str = "neck.norm.weight";

/// Where the authors have encoder and head, as trained and as upstream's package names them.
const PLACES: [(&str, &str); 2] = [("net.pretrained", "head"), ("backbone.pretrained", "head")];

/// What a package of ours says.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    config: Value,
    preparation: Fit,
}

/// The task of a checkpoint that holds such a network.
pub(super) fn recognise(file: &StateDict) -> Option<Task> {
    let weights = weights(file, WeightChoice::Model)?;
    Config::infer(&weights, None).map(|_| Task::DepthEstimation)
}

/// The tensors under the names of this project.
fn weights(file: &StateDict, choice: WeightChoice) -> Option<StateDict> {
    if let Some(found) = prefixed(file, LANDMARK, choice) {
        return Some(found);
    }
    let first = "blocks.0.norm1.weight";
    let has =
        |encoder: &str| file.names().any(|name| name.ends_with(&format!("{encoder}.{first}")));
    let &place = PLACES.iter().find(|(encoder, _)| has(encoder))?;
    let found = of_the_authors(file, choice, place)?;
    Some(found.renamed(|name| Some(name.replace(".attn.", ".attention.attention."))))
}

/// Loads a model.
pub(super) fn load(request: &LoadRequest) -> Result<Loaded> {
    let file = request.weights.file();
    let not_this = |reason: &str| Error::NotThisModel {
        file: file.to_owned(),
        architecture: "depth-anything-v3",
        reason: reason.to_owned(),
    };
    let weights = weights(&request.weights, request.options.weights)
        .ok_or_else(|| not_this("it has no encoder and head of this model"))?;
    let beside = Beside::read(request)?;
    let stored: Option<Stored> = match beside.initialization(STORED) {
        None => None,
        Some(value) => Some(Stored::deserialize(value).map_err(|error| {
            Error::BadPackage(format!("`inference_config.json`: {STORED}: {error}"))
        })?),
    };
    let said = stored.as_ref().map(|stored| &stored.config).or(beside.config.as_ref());
    let told = said.map(told).transpose()?;
    let config = Config::infer(&weights, told).ok_or_else(|| {
        not_this("its tensors have no shapes of a known size, or not those that `config.json` says")
    })?;
    let fit = match (stored, &beside.preprocessor) {
        (Some(stored), _) => stored.preparation,
        (None, Some(config)) => processor(config)?,
        (None, None) => Fit::usual(Way::Processor(Filter::Bicubic)),
    };
    finish(request, plan(&config, weights, fit))
}

fn plan(config: &Config, weights: StateDict, fit: Fit) -> Plan {
    let stored = Stored { config: config.described(), preparation: fit.clone() };
    let told = serde_json::to_value(stored).unwrap_or_default();
    let variant = config.name();
    let config = config.clone();
    Plan {
        variant,
        weights,
        describe: Box::new(move |g, w, image| Ok(network(g, w, image, &config)?.depth)),
        fit,
        reading: Reading { interpolation: Interpolation::Bilinear, turned: true },
        told: Map::from_iter([(STORED.to_owned(), told)]),
        needless,
    }
}

/// Of other answers: rays, cameras, Gaussians.
fn needless(name: &str) -> bool {
    let others = ["cam_enc.", "cam_dec.", "gs_head.", "gs_adapter."];
    others.iter().any(|part| name.starts_with(part))
        || name.contains("_aux.")
        || name == "backbone.embeddings.mask_token"
}

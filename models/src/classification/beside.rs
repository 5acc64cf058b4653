//! What stands beside a classifier's weights, whoever wrote it.

use ocelli_vision::Task;
use ocelli_vision::config::{InferenceConfig, PostProcessing, ResizeMode};
use serde::Deserialize;
use serde_json::Value;

use super::processor::processor;
use super::timm;
use super::transform::Transform;
use crate::registry::{LoadRequest, Package};
use crate::{Error, Result};

/// The key of `model_initialization` under which a package of ours has its transform.
pub(super) const TRANSFORM: &str = "transform";

/// The descriptions that came with the weights, parsed.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// A package's `inference_config.json`.
    pub(crate) inference: Option<InferenceConfig>,
    /// `config.json` of `transformers` or timm.
    pub(crate) config: Option<Value>,
    /// `preprocessor_config.json` of `transformers`.
    pub(crate) preprocessor: Option<Value>,
}

impl Beside {
    /// Reads what a request brings.
    pub(crate) fn read(request: &LoadRequest) -> Result<Beside> {
        let Some(package) = &request.package else { return Ok(Beside::default()) };
        let json = |name: &str, text: &Option<String>| {
            let parsed = text.as_deref().map(serde_json::from_str).transpose();
            parsed.map_err(|error| Error::BadPackage(format!("`{name}`: {error}")))
        };
        Ok(Beside {
            inference: inference(package)?,
            config: json("config.json", &package.config)?,
            preprocessor: json("preprocessor_config.json", &package.preprocessor_config)?,
        })
    }

    /// What `model_initialization` of a package says.
    pub(crate) fn initialization(&self, key: &str) -> Option<&Value> {
        self.inference.as_ref()?.model_initialization.as_ref()?.get(key)
    }

    /// The variant's name, if something says it.
    pub(crate) fn model_name(&self) -> Option<&str> {
        let timm = || self.config.as_ref()?["architecture"].as_str();
        self.initialization("model_name").and_then(Value::as_str).or_else(timm)
    }

    /// What the network is to do: what is asked for, else what the description says.
    pub(crate) fn task(&self, asked: Option<Task>, classifies: bool) -> Task {
        let labels = |config: &Value| config["problem_type"] == "multi_label_classification";
        let post = self.inference.as_ref().and_then(|config| config.post_processing.as_ref());
        match (asked, post) {
            (Some(task), _) => task,
            _ if !classifies => Task::Embedding,
            (_, Some(PostProcessing::Sigmoid { .. })) => Task::MultiLabelClassification,
            _ if self.config.as_ref().is_some_and(labels) => Task::MultiLabelClassification,
            _ => Task::Classification,
        }
    }

    /// Names by class id, if something says them.
    pub(crate) fn class_names(&self, package: Option<&Package>) -> Option<Vec<String>> {
        let packaged = package.map(|package| &package.class_names);
        if let Some(names) = packaged.filter(|names| !names.is_empty()) {
            return Some(names.clone());
        }
        let config = self.config.as_ref()?;
        id2label(config).or_else(|| timm::labels(config))
    }

    /// How the trainer prepares pictures; `usual` is for weights that nothing is said of.
    pub(crate) fn transform(&self, usual: &Transform) -> Result<Transform> {
        if let Some(stored) = self.initialization(TRANSFORM) {
            return Transform::deserialize(stored).map_err(|error| {
                Error::BadPackage(format!("`inference_config.json`: {TRANSFORM}: {error}"))
            });
        }
        match &self.config {
            Some(config) if config.get("architectures").is_none() => timm::transform(config),
            Some(_) => processor(self.preprocessor.as_ref(), usual),
            None => Ok(usual.clone()),
        }
    }
}

/// A package's `inference_config.json`; a fit to the longer edge becomes a stretch, as packages of classifiers are
/// served.
fn inference(package: &Package) -> Result<Option<InferenceConfig>> {
    let Some(text) = &package.inference_config else {
        if package.config.is_some() {
            return Ok(None);
        }
        return Err(Error::BadPackage("`inference_config.json` is missing".into()));
    };
    let mut config = InferenceConfig::parse(text.as_bytes())?;
    if config.network_input.resize_mode == ResizeMode::FitLongerEdge {
        config.network_input.resize_mode = ResizeMode::Stretch;
    }
    Ok(Some(config))
}

/// The names of `id2label`, if its ids are those of a list.
fn id2label(config: &Value) -> Option<Vec<String>> {
    let labels = config["id2label"].as_object()?;
    let name = |i: usize| Some(labels.get(&i.to_string())?.as_str()?.to_owned());
    (0..labels.len()).map(name).collect()
}

//! A trainer's file: which of its tensors are the weights, and what is stored beside them.
//!
//! | written by | weights | moving average | description |
//! | --- | --- | --- | --- |
//! | `rfdetr` 1.0 to 1.4 | `model` | `ema_model` | `args` |
//! | `rfdetr` since | `model` | `callbacks`, `average_model_state_dict` | `model_config`, `args` |
//! | Lightning | `state_dict`, `model.` before each name | the same | `model_config`, `hyper_parameters` |
//! | anything else | the tensors as they are | | |

use ocelli_converters::{StateDict, Value};

use crate::registry::WeightChoice;
use crate::{Error, Result};

/// A tensor that every network of the family has.
const MARK: &str = "backbone.0.encoder.encoder.embeddings.cls_token";

/// The weights under the network's own names, and the description beside them.
pub(super) struct Checkpoint {
    pub(super) weights: StateDict,
}

impl Checkpoint {
    /// Finds the weights in a file.
    pub(super) fn read(file: &StateDict, choice: WeightChoice) -> Result<Checkpoint> {
        let merged = |name: &str| name.contains(".lora_") || name.contains(".base_layer.");
        if let Some(name) = file.names().find(|name| merged(name)) {
            return Err(Error::Unsupported {
                file: file.file().to_owned(),
                what: format!("a LoRA run that is not merged (tensor `{name}`)"),
                hint: "merge the adapters into the model where it was trained, and save it".into(),
            });
        }
        let found = match choice {
            WeightChoice::Model => find_model(file),
            WeightChoice::Average => find_average(file),
        };
        let weights = found.ok_or_else(|| Error::NotThisModel {
            file: file.file().to_owned(),
            architecture: "rfdetr",
            reason: match choice {
                WeightChoice::Model => format!("no dict of it holds `{MARK}`"),
                WeightChoice::Average => "it holds no moving average of the weights".to_owned(),
            },
        })?;
        Ok(Checkpoint { weights })
    }

    /// The file, for messages.
    pub(super) fn file(&self) -> String {
        self.weights.file().to_owned()
    }

    /// The extents of a tensor; none if there is no such tensor.
    pub(super) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.weights.get(name).map(ocelli_converters::Tensor::shape)
    }

    /// One more than the highest number that follows `prefix` in a name.
    pub(super) fn count(&self, prefix: &str) -> usize {
        let number = |name: &str| name.strip_prefix(prefix)?.split('.').next()?.parse().ok();
        self.weights.names().filter_map(number).max().map_or(0, |last: usize| last + 1)
    }

    /// What today's trainer says of the network under `key`.
    pub(super) fn model_config(&self, key: &str) -> Option<&Value> {
        self.weights.root().at(&["model_config", key]).filter(|value| !value.is_none())
    }

    /// What any trainer says under `key`: of the network, else of the run.
    pub(super) fn stored(&self, key: &str) -> Option<&Value> {
        let root = self.weights.root();
        let run = || root.at(&["args", key]).or_else(|| root.at(&["hyper_parameters", key]));
        self.model_config(key).or_else(run).filter(|value| !value.is_none())
    }

    /// A stored count.
    pub(super) fn stored_count(&self, key: &str) -> Option<usize> {
        self.stored(key)?.as_i64()?.try_into().ok()
    }

    /// The names of the classes, if they are stored.
    pub(super) fn class_names(&self) -> Option<Vec<String>> {
        let names = self.stored("class_names")?.as_slice()?;
        let names: Option<Vec<String>> =
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
        names.filter(|names| !names.is_empty())
    }

    /// Ids that the file has for its variant: the model's class, and the file it started from.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let root = self.weights.root();
        let name = root.get("model_name").or_else(|| root.at(&["model_config", "model_name"]));
        let start = root.at(&["args", "pretrain_weights"]);
        [name, start].into_iter().flatten().filter_map(Value::as_str)
    }
}

fn find_model(file: &StateDict) -> Option<StateDict> {
    let places = [
        ("model", ""),
        ("model", "module."),
        ("state_dict", "model._orig_mod."),
        ("state_dict", "model."),
        ("", ""),
        ("", "model."),
    ];
    places.into_iter().find_map(|(path, prefix)| marked(file, path, prefix))
}

fn find_average(file: &StateDict) -> Option<StateDict> {
    let callbacks = file.groups().iter().map(|group| group.path.as_str());
    let paths = callbacks.filter(|path| path.ends_with("average_model_state_dict"));
    let paths = paths.chain(["ema_model", "legacy_ema_state_dict"]);
    let prefixes = ["", "module.", "model.", "module.model.", "module.model._orig_mod."];
    let mut places = paths.flat_map(|path| prefixes.map(|prefix| (path, prefix)));
    places.find_map(|(path, prefix)| marked(file, path, prefix))
}

/// The tensors of one place, if they are this network's.
fn marked(file: &StateDict, path: &str, prefix: &str) -> Option<StateDict> {
    let dot = if path.is_empty() { "" } else { "." };
    file.contains(&format!("{path}{dot}{prefix}{MARK}")).then(|| file.subset(path, prefix))
}

#[cfg(test)]
mod tests;

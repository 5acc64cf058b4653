//! Folders as the Hugging Face hub has them: `config.json` names the architecture.

use ocelli_vision::Task;
use serde_json::Value;

use crate::{Error, Result};

/// How a `config.json` names a model that there is here.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot {
    named: Named,
    /// The architecture's name in packages.
    pub architecture: &'static str,
    /// What it does.
    pub task: Task,
}

/// What is to be found in a `config.json`.
#[derive(Clone, Copy, Debug)]
enum Named {
    /// An entry of `architectures`, the class of `transformers`.
    Class(&'static str),
    /// `architecture`, a name of timm's.
    Timm(fn(&str) -> bool),
    /// Neither; the whole of it.
    Whole(fn(&Value) -> bool),
    /// `model_cfg`, sizes of open_clip's.
    OpenClip,
}

impl Snapshot {
    /// A class of `transformers`.
    pub(crate) const fn class(name: &'static str, architecture: &'static str, task: Task) -> Self {
        Snapshot { named: Named::Class(name), architecture, task }
    }

    /// Names of timm's that `known` knows.
    pub(crate) const fn timm(
        known: fn(&str) -> bool,
        architecture: &'static str,
        task: Task,
    ) -> Self {
        Snapshot { named: Named::Timm(known), architecture, task }
    }

    /// Configurations that `known` knows by other entries.
    pub(crate) const fn whole(
        known: fn(&Value) -> bool,
        architecture: &'static str,
        task: Task,
    ) -> Self {
        Snapshot { named: Named::Whole(known), architecture, task }
    }

    /// What `open_clip_config.json` describes.
    pub(crate) const fn open_clip(architecture: &'static str, task: Task) -> Self {
        Snapshot { named: Named::OpenClip, architecture, task }
    }

    fn fits(&self, config: &Value) -> bool {
        match self.named {
            Named::Class(name) => classes(config).any(|class| class == name),
            Named::Timm(known) => config["architecture"].as_str().is_some_and(known),
            Named::Whole(known) => known(config),
            Named::OpenClip => config["model_cfg"].is_object(),
        }
    }
}

fn classes(config: &Value) -> impl Iterator<Item = &str> {
    config["architectures"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The architecture and the task that the text of a `config.json` names.
///
/// # Errors
/// It is no JSON object, or names nothing that there is here.
pub fn architecture(config: &str) -> Result<(&'static str, Task)> {
    let config: Value = serde_json::from_str(config)
        .map_err(|error| Error::BadPackage(format!("`config.json`: {error}")))?;
    let known = || crate::SNAPSHOTS.iter().flat_map(|rows| rows.iter());
    let Some(found) = known().find(|row| row.fits(&config)) else {
        let named: Vec<&str> = classes(&config).chain(config["architecture"].as_str()).collect();
        let names = known().filter_map(|row| match row.named {
            Named::Class(name) => Some(name),
            Named::Timm(_) | Named::Whole(_) | Named::OpenClip => None,
        });
        let (named, names) = (named.join(", "), names.collect::<Vec<_>>().join(", "));
        return Err(Error::BadPackage(format!(
            "`config.json` names the architecture `{named}`; there are {names}, and networks of timm's"
        )));
    };
    let labels = config["problem_type"] == "multi_label_classification";
    let task = match found.task {
        Task::Classification if labels => Task::MultiLabelClassification,
        task => task,
    };
    Ok((found.architecture, task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_names_architecture_and_task() {
        let rows = [
            (r#"{"architectures": ["ResNetForImageClassification"]}"#, Task::Classification),
            (r#"{"architecture": "resnet18.a1_in1k"}"#, Task::Classification),
            (
                r#"{"architectures": ["ResNetForImageClassification"],
                    "problem_type": "multi_label_classification"}"#,
                Task::MultiLabelClassification,
            ),
        ];
        for (config, task) in rows {
            assert_eq!(architecture(config).unwrap(), ("resnet", task));
        }
        let error = architecture(r#"{"architectures": ["Nothing"]}"#).unwrap_err().to_string();
        assert!(error.contains("`Nothing`") && error.contains("ResNetFor"), "{error}");
        assert!(architecture("{").is_err());
    }
}

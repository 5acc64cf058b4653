//! Which implementations there are, and how an application adds its own.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use ocelli_converters::StateDict;
use ocelli_models::registry::Family;
use ocelli_models::{FAMILIES, LoadRequest, Loaded};
use ocelli_vision::Task;

use crate::{Error, LoadingError};

/// Makes a model from its files.
pub type Load = dyn Fn(&LoadRequest) -> Result<Loaded, Error> + Send + Sync;

/// The task of a checkpoint that is one's own; nothing for others.
pub type Recognise = dyn Fn(&StateDict) -> Option<Task> + Send + Sync;

/// An architecture doing a task with weights of one backend.
#[derive(Clone)]
pub struct Implementation {
    /// The architecture's name in packages.
    pub architecture: Cow<'static, str>,
    /// The task.
    pub task: Task,
    /// For which backend the weights were made: `torch`, `onnx`, `hugging-face`.
    pub backend: Cow<'static, str>,
    /// Features that a package may have.
    pub features: Vec<Cow<'static, str>>,
    /// Features that a package must have.
    pub required_features: Vec<Cow<'static, str>>,
    /// Loads it.
    pub load: Arc<Load>,
}

/// A list of implementations, by (architecture, task, backend), and of the checkpoints they recognise. What is
/// registered last is found first.
#[derive(Clone)]
pub struct Registry {
    implementations: Vec<Implementation>,
    recognisers: Vec<(Cow<'static, str>, Arc<Recognise>)>,
}

impl Implementation {
    /// An implementation that takes packages without features.
    pub fn new(
        architecture: impl Into<Cow<'static, str>>,
        task: Task,
        backend: impl Into<Cow<'static, str>>,
        load: impl Fn(&LoadRequest) -> Result<Loaded, Error> + Send + Sync + 'static,
    ) -> Implementation {
        Implementation {
            architecture: architecture.into(),
            task,
            backend: backend.into(),
            features: Vec::new(),
            required_features: Vec::new(),
            load: Arc::new(load),
        }
    }

    fn all_of(family: &'static Family) -> impl Iterator<Item = Implementation> {
        let load = |request: &LoadRequest| Ok((family.load)(request)?);
        let features = || family.features.iter().map(|&feature| feature.into()).collect();
        let of = move |task: Task, backend: &'static str| Implementation {
            features: features(),
            ..Implementation::new(family.architecture, task, backend, load)
        };
        let of_task =
            move |&task: &Task| family.backends.iter().map(move |&backend| of(task, backend));
        family.tasks.iter().flat_map(of_task)
    }

    /// Whether a package with these features may be loaded.
    fn check(&self, features: &[String]) -> Result<(), LoadingError> {
        let unknown = |feature: &&String| {
            let mut known = self.features.iter().chain(&self.required_features);
            !known.any(|f| f == *feature)
        };
        let missing =
            |required: &&Cow<'static, str>| !features.iter().any(|f| f == required.as_ref());
        let reason = if let Some(unknown) = features.iter().find(unknown) {
            format!("the package has the feature `{unknown}`, which no implementation knows")
        } else if let Some(missing) = self.required_features.iter().find(missing) {
            format!("the package lacks the feature `{missing}`, which the implementation needs")
        } else {
            return Ok(());
        };
        Err(LoadingError::Features { architecture: self.architecture.to_string(), reason })
    }
}

impl Registry {
    /// No implementations.
    pub fn empty() -> Registry {
        Registry { implementations: Vec::new(), recognisers: Vec::new() }
    }

    /// The implementations of this crate.
    pub fn builtin() -> Registry {
        let mut registry = Registry::empty();
        for family in FAMILIES {
            registry.register_checkpoints(family.architecture, family.recognise);
            registry.implementations.extend(Implementation::all_of(family));
        }
        registry
    }

    /// Adds an implementation.
    pub fn register(&mut self, implementation: Implementation) -> &mut Registry {
        self.implementations.push(implementation);
        self
    }

    /// Adds a test by which checkpoints on their own are taken for `architecture`, with the backend `torch`.
    pub fn register_checkpoints(
        &mut self,
        architecture: impl Into<Cow<'static, str>>,
        recognise: impl Fn(&StateDict) -> Option<Task> + Send + Sync + 'static,
    ) -> &mut Registry {
        self.recognisers.push((architecture.into(), Arc::new(recognise)));
        self
    }

    /// Makes this the registry of all later loads in this process that name none. It can be done once, before the first
    /// such load; a second time gives the registry back.
    ///
    /// # Errors
    /// There is a default already.
    pub fn install(self) -> Result<(), Registry> {
        DEFAULT.set(Arc::new(self)).map_err(|registry| Registry::clone(&registry))
    }

    /// The process's default: what was installed, else [`Registry::builtin`].
    pub fn process_default() -> Arc<Registry> {
        DEFAULT.get_or_init(|| Arc::new(Registry::builtin())).clone()
    }

    /// All implementations, in the order they were registered.
    pub fn implementations(&self) -> &[Implementation] {
        &self.implementations
    }

    /// The implementation for a package of `features`.
    ///
    /// # Errors
    /// There is none, or its features do not fit.
    pub fn find(
        &self,
        architecture: &str,
        task: Task,
        backend: &str,
        features: &[String],
    ) -> Result<&Implementation, LoadingError> {
        let wanted = |i: &&Implementation| {
            i.architecture == architecture && i.task == task && i.backend == backend
        };
        let mut candidates = self.implementations.iter().rev().filter(wanted).peekable();
        let Some(&first) = candidates.peek() else {
            return Err(self.no_implementation(architecture, task, backend));
        };
        match candidates.find(|candidate| candidate.check(features).is_ok()) {
            Some(found) => Ok(found),
            None => first.check(features).map(|()| first),
        }
    }

    /// The architecture and task of a checkpoint on its own.
    ///
    /// # Errors
    /// No architecture claims it.
    pub fn recognise(&self, weights: &StateDict) -> Result<(&str, Task), LoadingError> {
        let claim = |(architecture, recognise): &'_ (Cow<'static, str>, Arc<Recognise>)| {
            recognise(weights).map(|task| (architecture.to_string(), task))
        };
        let found = self.recognisers.iter().rev().find_map(|entry| Some((entry, claim(entry)?)));
        found.map(|((architecture, _), (_, task))| (architecture.as_ref(), task)).ok_or_else(|| {
            let known: Vec<_> = self.recognisers.iter().map(|(name, _)| name.as_ref()).collect();
            LoadingError::NotRecognised { file: weights.file().to_owned(), known: known.join(", ") }
        })
    }

    fn no_implementation(&self, architecture: &str, task: Task, backend: &str) -> LoadingError {
        let same = |i: &&Implementation| i.architecture == architecture;
        let describe = |i: &Implementation| format!("{} ({})", task_name(i.task), i.backend);
        let mut of_architecture: Vec<_> =
            self.implementations.iter().filter(same).map(describe).collect();
        of_architecture.dedup();
        let known = if of_architecture.is_empty() {
            let mut names: Vec<_> = self.implementations.iter().map(|i| &*i.architecture).collect();
            names.dedup();
            format!("the architectures are: {}", names.join(", "))
        } else {
            format!("it can do: {}", of_architecture.join(", "))
        };
        LoadingError::NoImplementation {
            architecture: architecture.to_owned(),
            task: task_name(task),
            backend: backend.to_owned(),
            known,
        }
    }
}

static DEFAULT: OnceLock<Arc<Registry>> = OnceLock::new();

impl Default for Registry {
    fn default() -> Registry {
        Registry::builtin()
    }
}

impl fmt::Debug for Implementation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.architecture, task_name(self.task), self.backend)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.implementations).finish()
    }
}

/// A task as package files spell it.
pub fn task_name(task: Task) -> String {
    match serde_json::to_value(task) {
        Ok(serde_json::Value::String(name)) => name,
        _ => format!("{task:?}"),
    }
}

/// The task that package files spell so.
///
/// # Errors
/// There is none.
pub fn parse_task(name: &str) -> Result<Task, LoadingError> {
    serde_json::from_value(serde_json::Value::from(name)).map_err(|_| LoadingError::InvalidOption {
        option: "task",
        value: name.to_owned(),
        reason: "unknown; tasks are spelled as in packages: object-detection, \
                 oriented-object-detection, instance-segmentation, keypoint-detection, \
                 semantic-segmentation, classification, multi-label-classification, depth-estimation, \
                 embedding"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse(_: &LoadRequest) -> Result<Loaded, Error> {
        Err(Error::Application("not here".into()))
    }

    #[test]
    fn builtin_entries_are_found_and_others_explained() {
        let registry = Registry::builtin();
        let found = registry.find("rfdetr", Task::ObjectDetection, "torch", &[]).unwrap();
        assert_eq!(format!("{found:?}"), "rfdetr object-detection torch");
        let error = registry.find("rfdetr", Task::Vlm, "torch", &[]).unwrap_err().to_string();
        assert!(error.contains("it can do: object-detection (torch)"), "{error}");
        let error = registry.find("nonet", Task::Vlm, "torch", &[]).unwrap_err().to_string();
        assert!(error.contains("the architectures are: rfdetr"), "{error}");
    }

    #[test]
    fn features_decide_between_implementations() {
        let mut registry = Registry::empty();
        let plain = Implementation::new("net", Task::Classification, "onnx", refuse);
        let mut fused = plain.clone();
        fused.required_features = vec!["nms_fused".into()];
        registry.register(fused).register(plain);
        let find = |features: &[&str]| {
            let features: Vec<_> = features.iter().map(|&f| f.to_owned()).collect();
            registry.find("net", Task::Classification, "onnx", &features)
        };
        assert!(find(&[]).unwrap().required_features.is_empty());
        assert_eq!(find(&["nms_fused"]).unwrap().required_features.len(), 1);
        assert!(find(&["other"]).unwrap_err().to_string().contains("`other`"));
    }

    #[test]
    fn tasks_have_the_names_of_packages() {
        assert_eq!(task_name(Task::KeyPointDetection), "keypoint-detection");
        assert_eq!(parse_task("object-detection").unwrap(), Task::ObjectDetection);
        assert!(parse_task("detect").is_err());
    }
}

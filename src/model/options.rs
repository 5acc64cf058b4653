//! How a model is loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ocelli_converters::StateDict;
use ocelli_engine::{Executor, Precision};
use ocelli_models::{LoadOptions, LoadRequest, Package, Preparation, WeightChoice};
use ocelli_vision::{Size, Task};

use super::{AutoModel, ModelInfo};
use crate::executor::{Describing, Recording, executor};
#[cfg(feature = "hub")]
use crate::hub::Downloader;
use crate::package::{self, PackageFolder};
use crate::source::{Address, KnownModel, ModelSource};
use crate::{Cache, Device, Error, LoadingError, Registry, RetrievalError, vocabulary};

/// Options to load a model with; whatever is not set comes from the checkpoint or the package.
#[derive(Clone, Default)]
#[must_use]
pub struct AutoModelOptions {
    load: LoadOptions,
    task: Option<Task>,
    device: Option<Device>,
    threads: usize,
    precision: Precision,
    executor: Option<Arc<dyn Executor>>,
    registry: Option<Arc<Registry>>,
    allow_unverified: bool,
    cache: Option<Cache>,
    vocabulary: Option<PathBuf>,
    #[cfg(feature = "hub")]
    downloader: Option<Downloader>,
}

/// What is to be loaded, read as far as the implementation can be chosen.
struct Found {
    name: String,
    architecture: String,
    task: Task,
    backend: String,
    features: Vec<String>,
    weights: StateDict,
    package: Option<Package>,
    preparation: Preparation,
    /// Where the weights lie.
    folder: Option<PathBuf>,
}

impl AutoModelOptions {
    /// The variant, `rfdetr-nano` for instance, where the tensors leave a choice.
    pub fn model_type(mut self, model_type: impl Into<String>) -> Self {
        self.load.model_type = Some(model_type.into());
        self
    }

    /// The task, where a package does not name it or the weights fit several: a classifier's also do
    /// [`Task::MultiLabelClassification`].
    pub fn task(self, task: Task) -> Self {
        Self { task: Some(task), ..self }
    }

    /// Names by class id: one for each class in the order of training. See also [`labels`](crate::labels).
    pub fn labels(mut self, class_names: Vec<String>) -> Self {
        self.load.class_names = Some(class_names);
        self
    }

    /// The network's input, where it is not that of training.
    pub fn resolution(mut self, resolution: Size) -> Self {
        self.load.resolution = Some(resolution);
        self
    }

    /// Which of the weights in a training checkpoint.
    pub fn weights(mut self, weights: WeightChoice) -> Self {
        self.load.weights = weights;
        self
    }

    /// Whose way of preparing pictures, and of reading YOLO's outputs, is followed.
    pub fn preparation(mut self, preparation: Preparation) -> Self {
        self.load.preparation = preparation;
        self
    }

    /// Whether a head with two branches (`YOLOv10`, `YOLO26`) answers with the one that needs no suppression: by default for
    /// packages, and not for checkpoints, as their trainers have it.
    pub fn end_to_end(mut self, end_to_end: bool) -> Self {
        self.load.end_to_end = Some(end_to_end);
        self
    }

    /// How texts become numbers, for models that read texts: `tokenizer.json`, OpenAI's `bpe_simple_vocab_16e6.txt.gz`, or a
    /// folder with such files. By default what lies beside the weights, then OpenAI's file in the cache's folder.
    pub fn vocabulary(self, path: impl Into<PathBuf>) -> Self {
        Self { vocabulary: Some(path.into()), ..self }
    }

    /// Where the network runs; by default as `DEFAULT_DEVICE` says, else on the best device there is.
    pub fn device(self, device: Device) -> Self {
        Self { device: Some(device), ..self }
    }

    /// Threads of the processor; 0, the default, for one on each core.
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// The numbers the network computes with.
    pub fn precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// An executor of one's own, in place of device, threads and precision.
    pub fn executor(self, executor: Arc<dyn Executor>) -> Self {
        Self { executor: Some(executor), ..self }
    }

    /// Finds out what the model is without compiling its network, which then cannot be run.
    pub fn describe_only(self) -> Self {
        self.executor(Arc::new(Describing))
    }

    /// The implementations to choose from; by default [`Registry::process_default`].
    pub fn registry(self, registry: Arc<Registry>) -> Self {
        Self { registry: Some(registry), ..self }
    }

    /// Permits known models for which no checksum was published.
    pub fn allow_unverified(self, allow_unverified: bool) -> Self {
        Self { allow_unverified, ..self }
    }

    /// Where downloaded checkpoints lie; by default [`Cache::from_env`].
    pub fn cache(self, cache: Cache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// Who fetches what is not in the cache, with a cache of its own.
    #[cfg(feature = "hub")]
    pub fn downloader(self, downloader: Downloader) -> Self {
        Self { downloader: Some(downloader), ..self }
    }

    /// Loads a model from a checkpoint file, a folder (see [`AutoModelOptions::from_path`]), the address of a checkpoint (`https://`,
    /// `hf://owner/repository/file`), a repository (`hf://owner/repository`), or the name of a released one: see
    /// [`ModelSource::parse`].
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_pretrained(self, source: &str) -> Result<AutoModel, Error> {
        match ModelSource::parse(source)? {
            ModelSource::Local(path) => self.from_path(path),
            ModelSource::Remote(address) => {
                let path = self.fetch(&address, None)?;
                self.from_path(path)
            }
            ModelSource::Repository(repository) => {
                let folder = repository.snapshot(&mut |address| self.fetch(address, None))?;
                self.load_folder(repository.name().to_owned(), &folder)
            }
            ModelSource::Known(model) => self.load_known(model),
        }
    }

    /// Loads a checkpoint file, a package folder, or a folder as the Hugging Face hub has them (`config.json`, weights in
    /// one file or several, `preprocessor_config.json`).
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_path(self, path: impl AsRef<Path>) -> Result<AutoModel, Error> {
        let path = path.as_ref();
        if !path.exists() {
            return Err(LoadingError::NoSuchPath { path: path.to_owned() }.into());
        }
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        if path.is_dir() {
            return self.load_folder(name, path);
        }
        self.load_checkpoint(name, StateDict::open(path)?, path.parent())
    }

    /// Loads a checkpoint that is open already.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_state_dict(self, weights: StateDict) -> Result<AutoModel, Error> {
        let name = weights.file().to_owned();
        self.load_checkpoint(name, weights, None)
    }

    /// A package, the snapshot of a repository by what its `config.json` says, or the weights that lie in it.
    fn load_folder(self, name: String, folder: &Path) -> Result<AutoModel, Error> {
        if package::is_snapshot(folder) {
            return match PackageFolder::read(folder) {
                Ok(read) => self.load_package(name, read),
                Err(unknown) => self.load_only_weights(name, folder).map_err(|_| unknown),
            };
        }
        match package::only_weights(folder) {
            Ok(weights) if !folder.join("model_config.json").is_file() => {
                self.load_checkpoint(name, StateDict::open(weights)?, Some(folder))
            }
            _ => self.load_package(name, PackageFolder::read(folder)?),
        }
    }

    /// A checkpoint in a folder whose description says nothing that is known.
    fn load_only_weights(self, name: String, folder: &Path) -> Result<AutoModel, Error> {
        let weights = package::only_weights(folder)?;
        self.load_checkpoint(name, StateDict::open(weights)?, Some(folder))
    }

    fn load_known(mut self, model: &KnownModel) -> Result<AutoModel, Error> {
        if model.md5.is_none() && !self.allow_unverified {
            let (name, url) = (model.name.to_owned(), model.url.to_owned());
            return Err(RetrievalError::Untrusted { name, url }.into());
        }
        let path = self.fetch(&Address::parse(model.url)?, model.md5)?;
        self.load.model_type.get_or_insert_with(|| model.model_type.to_owned());
        self.load_checkpoint(model.name.to_owned(), StateDict::open(&path)?, path.parent())
    }

    #[cfg(feature = "hub")]
    fn fetch(&self, address: &Address, md5: Option<&str>) -> Result<std::path::PathBuf, Error> {
        match &self.downloader {
            Some(downloader) => downloader.fetch(address, md5),
            None => Downloader::new(self.find_cache()?)?.fetch(address, md5),
        }
    }

    #[cfg(not(feature = "hub"))]
    fn fetch(&self, address: &Address, _: Option<&str>) -> Result<std::path::PathBuf, Error> {
        let cache = self.find_cache()?;
        if let Some(path) = cache.find(address) {
            return Ok(path);
        }
        let url = address.to_string();
        Err(if crate::variables::offline()? {
            RetrievalError::Offline { url, cached: cache.path_of(address) }.into()
        } else {
            RetrievalError::NoDownloader { url }.into()
        })
    }

    fn find_cache(&self) -> Result<Cache, Error> {
        Ok(self.cache.clone().map_or_else(Cache::from_env, Ok)?)
    }

    fn load_checkpoint(
        self,
        name: String,
        weights: StateDict,
        folder: Option<&Path>,
    ) -> Result<AutoModel, Error> {
        let registry = self.find_registry();
        let (architecture, task) = registry.recognise(&weights)?;
        let found = Found {
            name,
            architecture: architecture.to_owned(),
            task: self.task.unwrap_or(task),
            backend: "torch".to_owned(),
            features: Vec::new(),
            weights,
            package: None,
            preparation: Preparation::Automatic,
            folder: folder.map(Path::to_owned),
        };
        self.load(&registry, found)
    }

    fn load_package(self, name: String, folder: PackageFolder) -> Result<AutoModel, Error> {
        let registry = self.find_registry();
        let weights = folder.open_weights()?;
        let task = match self.task.or(folder.config.task_type) {
            Some(task) => task,
            None => registry.recognise(&weights)?.1,
        };
        let found = Found {
            name,
            architecture: folder.config.architecture().to_owned(),
            task,
            backend: folder.config.backend().to_owned(),
            features: folder.config.features(),
            weights,
            preparation: folder.config.preparation.map_or(Preparation::Automatic, Into::into),
            package: Some(folder.files),
            folder: Some(folder.path),
        };
        self.load(&registry, found)
    }

    fn load(mut self, registry: &Registry, found: Found) -> Result<AutoModel, Error> {
        let Found { name, architecture, task, backend, features, weights, package, .. } = found;
        let preparation = found.preparation;
        let implementation = registry.find(&architecture, task, &backend, &features)?;
        self.load.vocabulary = if let Some(path) = &self.vocabulary {
            Some(vocabulary::named(path)?)
        } else {
            let cache = || self.find_cache().ok();
            vocabulary::find(&architecture, found.folder.as_deref(), cache)?
        };
        if self.load.preparation == Preparation::Automatic {
            self.load.preparation = preparation;
        }
        let inner = if let Some(executor) = self.executor {
            executor
        } else {
            let device = self.device.map_or_else(Device::from_env, Ok)?;
            executor(device, self.threads, self.precision)?
        };
        self.load.task = Some(task);
        let recording = Arc::new(Recording::new(inner));
        let request =
            LoadRequest { weights, package, options: self.load, executor: recording.clone() };
        let loaded = (implementation.load)(&request)?;
        if loaded.model.task() != task {
            return Err(LoadingError::InvalidOption {
                option: "task",
                value: crate::task_name(task),
                reason: format!("the weights do {}", crate::task_name(loaded.model.task())),
            }
            .into());
        }
        let info = ModelInfo {
            name,
            architecture,
            task,
            backend,
            variant: loaded.variant,
            resolution: loaded.resolution,
            unused_tensors: loaded.unused,
        };
        Ok(AutoModel { model: loaded.model, info, recording })
    }

    fn find_registry(&self) -> Arc<Registry> {
        self.registry.clone().unwrap_or_else(Registry::process_default)
    }
}

impl std::fmt::Debug for AutoModelOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AutoModelOptions")
            .field("load", &self.load)
            .field("task", &self.task)
            .field("device", &self.device)
            .field("threads", &self.threads)
            .field("precision", &self.precision)
            .finish_non_exhaustive()
    }
}

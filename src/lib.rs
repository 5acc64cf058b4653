//! Native computer-vision inference: training checkpoints in, predictions out.
#![forbid(unsafe_code)]

mod cache;
mod device;
mod environment;
mod error;
mod executor;
#[cfg(feature = "hub")]
mod hub;
mod labels;
mod model;
mod package;
mod registry;
mod source;
mod variables;
mod vocabulary;

pub use cache::Cache;
pub use device::Device;
pub use environment::{DeviceDescription, Environment};
pub use error::{EnvironmentError, Error, ErrorKind, LoadingError, Result, RetrievalError};
#[cfg(feature = "hub")]
pub use hub::{Downloader, Progress};
pub use labels::{LABEL_SETS, labels};
pub use model::{AutoModel, AutoModelOptions, ClassFilter, ModelInfo, Prediction, ZeroShot};
pub use package::{ModelConfig, PackageFolder, StoredPreparation, WrittenPackage, write_package};
pub use registry::{Implementation, Load, Recognise, Registry, parse_task, task_name};
pub use source::{Address, KNOWN_MODELS, KnownModel, ModelSource, Repository, known_model};

pub use ocelli_converters as converters;
pub use ocelli_engine as engine;
pub use ocelli_models as models;
pub use ocelli_vision as vision;

pub use ocelli_engine::Precision;
pub use ocelli_models::{AnyModel, LoadOptions, LoadRequest, Loaded, Preparation, WeightChoice};
pub use ocelli_vision::{Confidence, Image, InferOptions, Size, Task};

/// The examples of the README and of `docs/`, compiled.
#[cfg(doctest)]
mod documentation {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/library.md")]
    struct Library;
}

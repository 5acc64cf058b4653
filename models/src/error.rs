//! What can be wrong with a model that is to be loaded.

use ocelli_vision::Task;

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Checkpoint(#[from] ocelli_converters::Error),

    /// The network cannot be built from the checkpoint, or not be compiled.
    #[error(transparent)]
    Engine(#[from] ocelli_engine::Error),

    /// A file of the package is malformed, or asks for what is not implemented.
    #[error(transparent)]
    Vision(#[from] ocelli_vision::VisionError),

    /// The layer list of a YOLO is malformed, or a layer cannot be built.
    #[error("{file}: {cause}")]
    Layers {
        /// The file.
        file: String,
        /// What is wrong, and at which layer.
        cause: crate::yolo::SpecError,
    },

    /// There is no such architecture, task and backend.
    #[error("no implementation of {architecture} for {task:?} from {backend}; there are: {known}")]
    NoEntry {
        /// The architecture asked for.
        architecture: String,
        /// The task asked for.
        task: Task,
        /// The backend asked for.
        backend: String,
        /// What there is.
        known: String,
    },

    /// The file is no checkpoint of this architecture.
    #[error("{file}: not a checkpoint of {architecture}: {reason}")]
    NotThisModel {
        /// The file.
        file: String,
        /// The architecture.
        architecture: &'static str,
        /// What is missing or different.
        reason: String,
    },

    /// The checkpoint contradicts what it was said to be.
    #[error(
        "{file}: said to be {said}, but {found}; leave the model type out, or give the right one"
    )]
    Contradiction {
        /// The file.
        file: String,
        /// What the caller or the file said.
        said: String,
        /// What its tensors show.
        found: String,
    },

    /// The tensors fit several variants that compute different things.
    #[error("{file}: its tensors fit {candidates} alike; say which as the model type")]
    Ambiguous {
        /// The file.
        file: String,
        /// The variants.
        candidates: String,
    },

    /// The checkpoint is in order, but needs something that is not implemented.
    #[error("{file}: {what} is not supported; {hint}")]
    Unsupported {
        /// The file.
        file: String,
        /// What is not supported.
        what: String,
        /// What to do next.
        hint: String,
    },

    /// The package lacks a file, or its files contradict each other.
    #[error("package: {0}")]
    BadPackage(String),

    /// An option is out of its range.
    #[error("option {name}: {reason}")]
    BadOption {
        /// The option.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

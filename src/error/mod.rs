//! What can go wrong between a model's name and its predictions.
//!
//! The families are those of `inference-models`, so that an application that moves from it finds its cases again:
//! retrieval, packages, loading, input, running, environment. Every message ends in what to do next.

mod environment;
mod loading;
mod retrieval;

pub use environment::EnvironmentError;
pub use loading::LoadingError;
pub use retrieval::RetrievalError;

/// Any error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A remote checkpoint could not be had.
    #[error(transparent)]
    Retrieval(#[from] RetrievalError),

    /// A checkpoint or package could not be made into a model.
    #[error(transparent)]
    Loading(#[from] LoadingError),

    /// The machine, this build or an environment variable stands in the way.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// The family an [`Error`] belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Names, networks, downloads.
    ModelRetrieval,
    /// Options, checkpoints, packages, missing implementations.
    ModelLoading,
    /// Devices, features, environment variables.
    Environment,
}

impl Error {
    /// The family of this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Retrieval(_) => ErrorKind::ModelRetrieval,
            Error::Loading(_) => ErrorKind::ModelLoading,
            Error::Environment(_) => ErrorKind::Environment,
        }
    }
}

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

//! What can go wrong between a model's name and its predictions.
//!
//! The families are those of `inference-models`, so that an application that moves from it finds its cases again:
//! retrieval, packages, loading, input, running, environment. Every message ends in what to do next, and says its causes
//! itself: `source()` gives none that the message has already.

mod environment;
mod loading;
mod retrieval;

pub use environment::EnvironmentError;
pub use loading::LoadingError;
use ocelli_vision::VisionError;
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

    /// A model's own refusal of its checkpoint, package or options.
    #[error(transparent)]
    Model(#[from] ocelli_models::Error),

    /// A picture or a call's argument does not suit, or the network failed.
    #[error(transparent)]
    Vision(#[from] ocelli_vision::VisionError),

    /// The network cannot be compiled or run.
    #[error(transparent)]
    Engine(#[from] ocelli_engine::Error),

    /// An implementation that an application registered.
    #[error(transparent)]
    Application(Box<dyn std::error::Error + Send + Sync>),

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
    /// Pictures and arguments.
    ModelInput,
    /// Networks that fail as they are compiled or run.
    ModelRuntime,
    /// Devices, features, environment variables.
    Environment,
}

impl Error {
    /// The family of this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Retrieval(_) => ErrorKind::ModelRetrieval,
            Error::Loading(_) | Error::Model(_) | Error::Application(_) => ErrorKind::ModelLoading,
            Error::Vision(VisionError::Model(_)) | Error::Engine(_) => ErrorKind::ModelRuntime,
            Error::Vision(_) => ErrorKind::ModelInput,
            Error::Environment(_) => ErrorKind::Environment,
        }
    }
}

impl From<ocelli_converters::Error> for Error {
    fn from(error: ocelli_converters::Error) -> Error {
        Error::Model(error.into())
    }
}

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use ocelli_models::yolo::SpecError;

    use super::*;

    #[test]
    fn causes_are_said_once() {
        let cause = || std::io::Error::other("the cause");
        let layer = || SpecError::Layer {
            layer: 3,
            module: "Conv".into(),
            cause: Box::new(weight(cause())),
        };
        let rows: [Error; 7] = [
            weight(cause()).into(),
            EnvironmentError::Io { path: "a".into(), cause: cause() }.into(),
            VisionError::Io { path: "a".into(), cause: cause() }.into(),
            VisionError::model(weight(cause())).into(),
            ocelli_converters::Error::Io { path: "a".into(), cause: cause() }.into(),
            ocelli_models::Error::Layers { file: "a".into(), cause: layer() }.into(),
            ocelli_engine::Error::Backend { executor: "e", cause: cause().into() }.into(),
        ];
        for error in rows {
            assert!(error.to_string().contains("the cause"), "{error}");
            let chain =
                std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
            let said = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
            assert_eq!(said.matches("the cause").count(), 1, "{said}");
        }
    }

    fn weight(cause: std::io::Error) -> ocelli_engine::Error {
        ocelli_engine::Error::Weight(cause.into())
    }
}

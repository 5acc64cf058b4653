//! Errors between a file and a model.

use std::path::PathBuf;

/// A checkpoint or package could not be made into a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadingError {
    /// Nothing lies at the path.
    #[error("{}: no such file or folder; check the path", path.display())]
    NoSuchPath {
        /// The path.
        path: PathBuf,
    },

    /// An option that cannot be read.
    #[error("{option} `{value}`: {reason}")]
    InvalidOption {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },

    /// A package lacks a file, or a file of it is malformed.
    #[error("package {}: {file}: {reason}", package.display())]
    CorruptedPackage {
        /// The package's folder.
        package: PathBuf,
        /// The file in it.
        file: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },

    /// A package that brings Python code of its own.
    #[error(
        "package {}: it names Python code ({module}), which is never run; register a native implementation for it in a `Registry`",
        package.display()
    )]
    CodePackage {
        /// The package's folder.
        package: PathBuf,
        /// The Python file it names.
        module: String,
    },

    /// Nobody registered this combination.
    #[error(
        "no implementation of architecture `{architecture}` for task `{task}` and backend `{backend}`; {known}"
    )]
    NoImplementation {
        /// The architecture asked for.
        architecture: String,
        /// The task asked for.
        task: String,
        /// The backend asked for.
        backend: String,
        /// What there is instead.
        known: String,
    },

    /// The implementation does not know a feature the package was trained with, or misses one it needs.
    #[error("architecture `{architecture}`: {reason}")]
    Features {
        /// The architecture.
        architecture: String,
        /// The features that do not fit.
        reason: String,
    },

    /// No architecture claims the checkpoint.
    #[error(
        "{file}: no known architecture ({known}) fits its tensors; `ocelli inspect` shows what is in it"
    )]
    NotRecognised {
        /// The checkpoint.
        file: String,
        /// The architectures there are.
        known: String,
    },
}

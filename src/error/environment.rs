//! Errors of the machine, the build and its variables.

use std::path::PathBuf;

/// The machine, this build or an environment variable stands in the way.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// A device this build has no executor for.
    #[error(
        "device `{device}` is not built in: it needs the feature `{feature}`, which this version does not offer yet; use `cpu` or `auto`"
    )]
    DeviceNotBuilt {
        /// The device asked for.
        device: String,
        /// The feature that would bring it.
        feature: &'static str,
    },

    /// No spelling of a device.
    #[error("device `{given}` is unknown: write `cpu`, `auto`, `wgpu`, `wgpu:1` or `cuda:0`")]
    UnknownDevice {
        /// What was given.
        given: String,
    },

    /// An environment variable with a value that has no meaning.
    #[error("environment variable {name}={value}: it takes {expected}; correct or unset it")]
    InvalidVariable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// The values it takes.
        expected: &'static str,
    },

    /// There is nowhere to keep downloads.
    #[error(
        "no cache folder: neither OCELLI_CACHE nor a home folder is set; set OCELLI_CACHE to a folder"
    )]
    NoCacheFolder,

    /// A file of the cache or of a package cannot be read or written.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        cause: std::io::Error,
    },
}

impl EnvironmentError {
    /// Names the file a system error is about.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> EnvironmentError {
        let path = path.into();
        move |cause| EnvironmentError::Io { path, cause }
    }
}
